import { ExitCode, RemedyError, reasonOf } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { defined } from '../defined.ts';
import type { GroupSample, GroupSource } from '../stack/group.ts';
import type { HostProbe } from './host-probe.ts';
import type { TimelineRecord } from './timeline-record.ts';
import type { LoadSample, ScaleSample, WatchPlan } from './types.ts';
import { isReached, type Until } from './until.ts';

/** A poll that takes longer than both this and the interval has failed, milliseconds. */
const POLL_MS = 10_000;

export interface WatchOptions extends Pick<WatchPlan, 'intervalSeconds' | 'forSeconds' | 'runFolder'> {
  readonly until?: Until;
}

export interface WatchDeps {
  readonly source: GroupSource;
  /** Asks who answers; absent where the group's address is not known. */
  readonly probe?: HostProbe;
  /** What a load that runs beside it offers and gets; undefined while there is none. */
  readonly load?: () => Promise<LoadSample | undefined>;
  readonly record?: Pick<TimelineRecord, 'add' | 'flushed'>;
  /** Told of every poll, after it was recorded. */
  readonly onSample?: (sample: ScaleSample, seen: boolean) => void;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface WatchReport extends WatchPlan {
  /** `until`: the condition was met. `for`: the time was over. `interrupted`: somebody ended it. */
  readonly end: 'until' | 'for' | 'interrupted';
  readonly seconds: number;
  readonly looks: number;
  /** Polls of which a part is missing. */
  readonly problems: number;
  /** The last one that saw the group. */
  readonly last?: ScaleSample;
}

/**
 * Polls a group at fixed instants until a condition is met, the time is over or the signal aborts. Polls never
 * overlap: an instant that passes during one is left out. A poll that fails is a sample with a `problem`.
 *
 * @throws RemedyError where polling again is no use: no credentials, no such group (exit 2 and 3)
 */
export async function watchGroup(options: WatchOptions, deps: WatchDeps): Promise<WatchReport> {
  const { source, record, clock, emit, signal, onSample } = deps;
  const { intervalSeconds, forSeconds, until, runFolder } = options;
  const { name: group, url } = source;
  const plan = defined({ group, url, intervalSeconds, forSeconds, until: until?.expression, runFolder });
  emit({ type: 'watch-started', plan });
  const started = clock.monotonic();
  const elapsed = () => (clock.monotonic() - started) / 1000;
  let [looks, problems] = [0, 0];
  let last: ScaleSample | undefined;
  const ended = (end: WatchReport['end']): WatchReport => {
    emit({ type: 'watch-ended' });
    return defined({ ...plan, end, seconds: elapsed(), looks, problems, last });
  };
  for (let slot = 0; ; slot = nextSlot(slot, elapsed(), intervalSeconds)) {
    const due = slot * intervalSeconds;
    const over = forSeconds !== undefined && due > forSeconds;
    if (!(await sleepUntil(over ? forSeconds : due, deps, elapsed))) return ended('interrupted');
    if (over) return ended('for');
    const poll = await pollOnce(Math.max(POLL_MS, intervalSeconds * 1000), looks === 0, deps);
    if (poll === undefined) return ended('interrupted');
    const { sample, seen } = poll;
    looks += 1;
    if (sample.problem !== undefined) problems += 1;
    record?.add(sample);
    await record?.flushed();
    emit({ type: 'scale-sample', sample, seen, elapsedSeconds: elapsed() });
    onSample?.(sample, seen);
    if (!seen) continue;
    last = sample;
    if (until !== undefined && isReached(until, sample)) return ended('until');
    if (signal.aborted) return ended('interrupted');
  }
}

/** The first instant that is still to come. */
export function nextSlot(slot: number, elapsedSeconds: number, intervalSeconds: number): number {
  return Math.max(slot + 1, Math.ceil(elapsedSeconds / intervalSeconds));
}

/** @returns whether it slept to the end */
async function sleepUntil(due: number, { clock, signal }: WatchDeps, elapsed: () => number): Promise<boolean> {
  try {
    signal.throwIfAborted();
    await clock.sleep(Math.max(0, (due - elapsed()) * 1000), signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** @returns the poll, and whether it saw the group; undefined when it was interrupted: half a poll is none */
async function pollOnce(
  boundMs: number,
  first: boolean,
  { source, probe, load, clock, signal }: WatchDeps,
): Promise<{ readonly sample: ScaleSample; readonly seen: boolean } | undefined> {
  const at = clock.now();
  const began = clock.monotonic();
  let seenMs = 0;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(boundMs)]);
  const sampled = source.sample(bounded).finally(() => {
    seenMs = Math.round(clock.monotonic() - began);
  });
  // The first call loads the cloud's library, which holds everything up: answers of hosts would seem to be late.
  if (first) await Promise.allSettled([sampled]);
  const [group, answers, loaded] = await Promise.allSettled([sampled, probe?.(bounded), load?.()]);
  if (signal.aborted) return undefined;
  if (group.status === 'rejected' && isFinal(group.reason)) throw group.reason;
  const asked = answers.status === 'fulfilled' ? answers.value : undefined;
  const problems = [
    ...(group.status === 'rejected' ? [`the group was not seen: ${reasonFor(group.reason, boundMs)}`] : []),
    ...(answers.status === 'rejected' ? [reasonFor(answers.reason, boundMs)] : (asked?.problems ?? [])),
  ];
  const shown: GroupSample = group.status === 'fulfilled' ? group.value : { at, instances: [], errors: [] };
  const sample = defined({
    group: { ...shown, tookMs: seenMs },
    tookMs: Math.round(clock.monotonic() - began),
    hosts: asked?.hosts ?? [],
    unanswered: asked?.unanswered,
    load: loaded.status === 'fulfilled' ? loaded.value : undefined,
    problem: problems.length === 0 ? undefined : problems.join('; '),
  });
  return { sample, seen: group.status === 'fulfilled' };
}

/** What is the same in the next poll: the caller is not known, or what was asked for does not exist. */
export function isFinal(error: unknown): boolean {
  return error instanceof RemedyError && (error.exit === ExitCode.configuration || error.exit === ExitCode.usage);
}

function reasonFor(error: unknown, boundMs: number): string {
  const late = error instanceof Error && error.name === 'TimeoutError';
  return late ? `no answer within ${boundMs / 1000} s` : reasonOf(error);
}
