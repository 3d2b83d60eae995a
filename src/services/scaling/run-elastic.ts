import { join } from 'node:path';
import type { Event } from '../../events.ts';
import { defined } from '../defined.ts';
import { runSweep, type SweepDeps } from '../load/sweep/run-sweep.ts';
import type { SweepOptions } from '../load/sweep/sweep-options.ts';
import type { SweepPlan, SweepReport } from '../load/types.ts';
import type { GroupSource } from '../stack/group.ts';
import { boundsOf, type ElasticSettings } from './elastic-profile.ts';
import { elasticSteps } from './elastic-steps.ts';
import type { HostProbe } from './host-probe.ts';
import { followLoad } from './load-beside.ts';
import { recordedWatch } from './recorded-watch.ts';
import type { TimelineAbout } from './timeline-record.ts';
import type { ScaleSample } from './types.ts';
import { isFinal } from './watch.ts';

const FIRST_TRIES = 4;
const FIRST_PAUSE_MS = 1000;

/** What a sweep needs to know; `rates`, its steps and the cooldown between points are the profile's. */
export type ElasticOptions = Omit<
  SweepOptions,
  'rates' | 'elastic' | 'findKnee' | 'stopAboveKnee' | 'resume' | 'probe'
>;

export interface ElasticDeps extends Omit<SweepDeps, 'next' | 'elasticOutcome'> {
  readonly source: GroupSource;
  readonly probe?: HostProbe;
}

/** How the group is polled meanwhile. */
export type ElasticWatch = Pick<TimelineAbout, 'intervalSeconds' | 'capacityPerInstance'>;

/**
 * Offers a load that lets a group grow to its maximum and shrink again, with a watch beside it that is recorded in the
 * run's folder.
 *
 * @throws RemedyError: what the first poll of the group, and {@link runSweep}, throw
 */
export async function runElastic(
  options: ElasticOptions,
  settings: ElasticSettings,
  { intervalSeconds, ...known }: ElasticWatch,
  { source, probe, ...deps }: ElasticDeps,
): Promise<SweepReport> {
  const { clock, signal } = deps;
  // Before anything is offered: a group that cannot be seen, or does not exist, is found out here.
  const start = await firstLook(source, deps);
  const profile = elasticSteps(source.name, settings, start, deps);
  const over = new AbortController();
  let watch: Promise<unknown> | undefined;
  const beginWatch = ({ runId, tag }: SweepPlan) => {
    const { outFolder } = options;
    const folder = join(outFolder, runId);
    const watched = defined({ source, probe, clock, emit: deps.emit, signal: AbortSignal.any([signal, over.signal]) });
    const onSample = (sample: ScaleSample, seen: boolean) => seen && profile.see(sample.group);
    const load = followLoad(async () => folder, clock);
    // A load that follows a group is of no use without what the group did.
    const onProblem = (text: string) => profile.lose(new Error(text));
    const record = { outFolder, tag, folder, ...known, onProblem };
    watch = recordedWatch(record, { intervalSeconds }, { ...watched, load, onSample }).catch(profile.lose);
  };
  const emit = (event: Event) => {
    deps.emit(event);
    if (event.type === 'sweep-started') beginWatch(event.plan);
  };
  const { lowRps, maxRps } = settings;
  const maxPoints = mostPoints(settings, options.durationSeconds);
  const { top: size } = boundsOf(settings, start);
  const elastic = defined({ low: lowRps, high: maxRps, maxPoints, group: source.name, size });
  try {
    const sweep = { ...options, rates: [...new Set([lowRps, maxRps])], elastic, probe: false };
    return await runSweep(sweep, { ...deps, emit, next: profile.next, elasticOutcome: profile.outcome });
  } finally {
    over.abort();
    await watch;
  }
}

/** What fails only for a moment is tried again, as a watch would. */
async function firstLook(source: GroupSource, { clock, signal }: Pick<SweepDeps, 'clock' | 'signal'>) {
  for (let tries = 1; ; tries++) {
    try {
      return await source.sample(signal);
    } catch (error) {
      if (tries === FIRST_TRIES || signal.aborted || isFinal(error)) throw error;
      await clock.sleep(FIRST_PAUSE_MS, signal);
    }
  }
}

/** Each phase ends with the first step that is over after its time. */
function mostPoints({ holdSeconds, growSeconds, scaleInSeconds }: ElasticSettings, stepSeconds: number): number {
  const steps = (seconds: number) => Math.max(1, Math.ceil(seconds / stepSeconds));
  return 2 * steps(holdSeconds) + steps(growSeconds) + steps(scaleInSeconds);
}
