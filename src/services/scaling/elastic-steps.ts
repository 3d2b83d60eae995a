import { reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { defined } from '../defined.ts';
import type { ElasticOutcome } from '../load/elastic-outcome.ts';
import type { NextStep } from '../load/profiles/profile.ts';
import type { GroupSample } from '../stack/group.ts';
import {
  boundsOf,
  type Decision,
  decide,
  type ElasticSettings,
  type ElasticState,
  firstState,
  viewOf,
} from './elastic-profile.ts';

const PHASE = { base: 'low rate', grow: 'stepping up', hold: 'holding', 'scale-in': 'waiting for scale-in' } as const;

/**
 * The steps of the profile: after each one it looks at what the watch has seen last.
 *
 * @param start the group before any load
 */
export function elasticSteps(
  group: string,
  settings: ElasticSettings,
  start: GroupSample,
  { clock, emit }: { readonly clock: Clock; readonly emit: Emit },
) {
  const bounds = boundsOf(settings, start);
  const phases: ElasticOutcome['phases'][number][] = [];
  const startSize = viewOf(start).serving;
  let [last, peak] = [start, startSize];
  let seenAt = clock.monotonic();
  let decidedAt = seenAt;
  let unseenSeconds: number | undefined;
  let state: ElasticState | undefined;
  let began: number | undefined;
  let scaledIn: boolean | undefined;
  let blind: unknown;
  const enter = ({ phase, rate }: ElasticState, why?: string) => {
    const name = PHASE[phase];
    phases.push(defined({ name, at: clock.now(), rate, why }));
    const text = `${name} at ${rate} rps${why === undefined ? '' : `: ${why}`}`;
    emit({ type: 'note', level: 'info', text });
  };
  let offered = 0;
  // A step begins before the one before it has its last answer: what is done is fewer.
  const next: NextStep = () => {
    if (blind !== undefined) return { problem: `the group can no longer be seen: ${reasonOf(blind)}` };
    const now = clock.monotonic();
    unseenSeconds = seenAt < decidedAt ? (now - seenAt) / 1000 : undefined;
    decidedAt = now;
    began ??= now;
    const view = { ...viewOf(last), unseenSeconds };
    const first: Decision = { next: firstState(settings) };
    const decision = state === undefined ? first : decide(settings, bounds, state, view, (now - began) / 1000);
    if ('end' in decision) {
      scaledIn = decision.end === 'scaled-in';
      emit({ type: 'note', level: scaledIn ? 'info' : 'warn', text: `${group} ${decision.why}` });
      return undefined;
    }
    if (decision.next.phase !== state?.phase) enter(decision.next, decision.why);
    state = decision.next;
    return { index: offered++, rate: state.rate };
  };
  return {
    next,
    /** Of every look that saw the group. */
    see(sample: GroupSample): void {
      last = sample;
      seenAt = clock.monotonic();
      peak = Math.max(peak, viewOf(sample).serving);
    },
    /** No look will come any more. */
    lose(error: unknown): void {
      blind = error;
    },
    outcome(): ElasticOutcome {
      // One that is drained is still there, and costs money.
      const endSize = viewOf(last).present;
      return defined({ group, startSize, peakSize: peak, endSize, unseenSeconds, size: bounds.top, scaledIn, phases });
    },
  };
}
