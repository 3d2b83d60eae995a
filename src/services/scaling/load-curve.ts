import type { SeriesSample } from '../load/record/read-run.ts';
import type { PointSummary, SweepPlan } from '../load/types.ts';
import { type Bounds, pairs } from './bounds.ts';
import type { ScaleSample } from './types.ts';

/** A change of what is offered, requests per second. */
export interface LoadStep {
  readonly moment: Bounds;
  readonly from: number;
  readonly to: number;
}

/** What was answered between two times, milliseconds since the epoch. */
export interface AnswerSlice {
  readonly from: number;
  readonly to: number;
  readonly ok: number;
  /** Undefined where only the rate of right answers is known. */
  readonly failed?: number;
  /** Whether the point that it belongs to was judged to be more than the target can do; undefined where nobody judged. */
  readonly overloaded?: boolean;
  readonly hosts: Readonly<Record<string, number>>;
}

interface RateChange {
  readonly at: number;
  readonly rps: number;
}

/** What was offered to a group over time, and what came of it. */
export interface LoadCurve {
  /** `points`: of a recorded run, exact; `watch`: as the polls saw it, as exact as they are. */
  readonly source: 'points' | 'watch';
  /** The rate from each time on, in order, milliseconds since the epoch; before the first one nothing was offered. */
  readonly changes: readonly RateChange[];
  /** The same without the pauses between points, in which open requests end: what the target has to be ready for. */
  readonly levels: readonly RateChange[];
  /** Rises and falls of the load, without the pauses between points. */
  readonly steps: readonly LoadStep[];
  readonly slices: readonly AnswerSlice[];
}

/** What a recorded run knows about its load. */
export interface RecordedLoad {
  readonly plan: Pick<SweepPlan, 'warmupSeconds' | 'drainSeconds'>;
  readonly points: readonly PointSummary[];
  readonly series: readonly SeriesSample[];
}

/** Requests per second at a time. */
export function offeredAt({ changes }: LoadCurve, at: number): number {
  return changes.findLast((change) => change.at <= at)?.rps ?? 0;
}

/** Beside a drain, the gate between two points takes no longer, seconds. A run that is gone on with later may. */
const LONGEST_GATE = 600;

/**
 * The load of a recorded run. A point offers its rate from the beginning of its warm-up to the end of its window, and
 * nothing between that and the next one. What is longer than a pause between points is an end of the load.
 *
 * @returns undefined when nothing was offered
 */
export function loadOfRun({ plan, points, series }: RecordedLoad): LoadCurve | undefined {
  const offered = points
    .filter(({ status, startedAt }) => status !== 'skipped' && Number.isFinite(Date.parse(startedAt)))
    .map(({ index, rate, startedAt, durationSeconds, state }) => {
      const window = Date.parse(startedAt);
      const [from, to] = [window - plan.warmupSeconds * 1000, window + durationSeconds * 1000];
      return { index, rate, overloaded: state?.state === 'overloaded', window, from, to };
    })
    .sort((a, b) => a.from - b.from);
  if (offered.length === 0) return undefined;
  const ratesOver = (longestPauseMs: number): RateChange[] =>
    offered.flatMap(({ from, to, rate }, place) => {
      const next = offered[place + 1];
      const goesOn = next !== undefined && next.from - to <= longestPauseMs;
      return [{ at: from, rps: rate }, ...(goesOn ? [] : [{ at: to, rps: 0 }])];
    });
  const levels = ratesOver((plan.drainSeconds + LONGEST_GATE) * 1000);
  const steps = levels.flatMap(({ at, rps }, place) => stepOf(levels[place - 1]?.rps ?? 0, rps, at));
  const byIndex = new Map(offered.map((point) => [point.index, point]));
  const slices = series.flatMap(({ index, second, phase, ok, failed, hosts }): AnswerSlice[] => {
    const point = byIndex.get(index);
    // Answers to the warm-up are not counted: nothing is known of those seconds.
    if (point === undefined || phase === 'warmup') return [];
    const from = point.window + second * 1000;
    return [{ from, to: from + 1000, ok, failed, overloaded: point.overloaded, hosts }];
  });
  slices.sort((a, b) => a.from - b.from);
  return { source: 'points', changes: ratesOver(0), levels, steps, slices: merged(slices) };
}

/** The load as the polls saw it, where it was not recorded beside them. From the first on, no load is a load of 0. */
export function loadOfWatch(samples: readonly ScaleSample[]): LoadCurve | undefined {
  const first = samples.findIndex(({ load }) => load !== undefined);
  if (first === -1) return undefined;
  // Without a poll before it nobody knows what was offered before: that is no rise.
  const polls = samples.slice(Math.max(0, first - 1));
  const looks = polls.map(({ group, load }) => ({ at: group.at, rps: load?.offeredRps ?? 0, load }));
  const seen = first === 0 ? looks : looks.slice(1);
  const changes = seen.flatMap(({ at, rps }, place) => (seen[place - 1]?.rps === rps ? [] : [{ at, rps }]));
  const steps = pairs(looks).flatMap(([last, { at, rps }]) => stepOf(last.rps, rps, at, last.at));
  const slices = pairs(seen).flatMap(([last, { at, load }]): AnswerSlice[] =>
    load === undefined ? [] : [{ from: last.at, to: at, ok: (load.okRps * (at - last.at)) / 1000, hosts: {} }],
  );
  return { source: 'watch', changes, levels: changes, steps, slices };
}

/** Points that follow each other without a pause are answered side by side: what ends in the same second is one slice. */
function merged(slices: readonly AnswerSlice[]): AnswerSlice[] {
  const whole: AnswerSlice[] = [];
  for (const slice of slices) {
    const last = whole.at(-1);
    // The half of it and more: seconds of two points do not begin at the same time.
    if (last === undefined || last.to - slice.from <= (slice.to - slice.from) / 2) whole.push(slice);
    else whole[whole.length - 1] = together(last, slice);
  }
  return whole;
}

function together(one: AnswerSlice, other: AnswerSlice): AnswerSlice {
  const hosts = { ...one.hosts };
  for (const [host, answers] of Object.entries(other.hosts)) hosts[host] = (hosts[host] ?? 0) + answers;
  const overloaded = one.overloaded === true || other.overloaded === true;
  return { ...one, ok: one.ok + other.ok, failed: (one.failed ?? 0) + (other.failed ?? 0), overloaded, hosts };
}

function stepOf(from: number, to: number, by: number, after = by): LoadStep[] {
  return from === to ? [] : [{ moment: { after, by }, from, to }];
}
