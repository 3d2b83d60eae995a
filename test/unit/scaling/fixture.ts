import type { SeriesSample } from '../../../src/services/load/record/read-run.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { type ReportedRun, scalingOf } from '../../../src/services/results/recorded.ts';
import { givenCapacity } from '../../../src/services/scaling/capacity.ts';
import type { RecordedLoad } from '../../../src/services/scaling/load-curve.ts';
import type { Timeline } from '../../../src/services/scaling/read-timeline.ts';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import type { InstanceSample } from '../../../src/services/stack/group.ts';
import { pointOf, recordedRun, reportOf } from '../results/fixture.ts';

/** Beginning of every timeline here. */
export const ORIGIN = Date.UTC(2026, 0, 31, 10, 0, 0);

/** What an instance is at a time; undefined where it is not there. */
type Life = (second: number) => Omit<InstanceSample, 'name'> | undefined;

/** An instance that comes at a time and goes through its states, seconds. */
export function life(at: {
  readonly made?: number;
  readonly runs?: number;
  readonly healthy?: number;
  readonly leaves?: number;
  readonly gone?: number;
}): Life {
  const { made = -1, runs = made, healthy = runs, leaves = Infinity, gone = leaves } = at;
  return (second) => {
    if (second < made || second >= gone) return undefined;
    if (second >= leaves) return { stage: 'leaving' };
    if (second < runs) return { stage: 'creating' };
    return { stage: second < healthy ? 'running' : 'serving' };
  };
}

export interface Shape {
  readonly interval?: number;
  readonly until?: number;
  readonly target: (second: number) => number | undefined;
  readonly instances: Readonly<Record<string, Life>>;
  readonly change?: (sample: ScaleSample, second: number) => ScaleSample;
}

/** Polls at a group whose every change is known. */
export function timelineOf({ interval = 5, until = 150, target, instances, change = (s) => s }: Shape): Timeline {
  const samples: ScaleSample[] = [];
  for (let second = 0; second <= until; second += interval) {
    const targetSize = target(second);
    const sample: ScaleSample = {
      group: {
        at: ORIGIN + second * 1000,
        ...(targetSize === undefined ? {} : { targetSize }),
        instances: Object.entries(instances).flatMap(([name, at]) => {
          const state = at(second);
          return state === undefined ? [] : [{ name, ...state }];
        }),
        healthKnown: true,
        errors: [],
      },
      hosts: [],
    };
    samples.push(change(sample, second));
  }
  return { about: { group: 'b', intervalSeconds: interval, startedAt: ORIGIN }, samples };
}

/** A point of a load that begins at a second of the timeline, without a warm-up. */
export interface Step {
  readonly at: number;
  readonly seconds: number;
  readonly rate: number;
  /** Whether the point was judged to be more than the target can do. */
  readonly overloaded?: boolean;
  /** Answers per second by host at a second of the timeline. */
  readonly hosts?: (second: number) => Readonly<Record<string, number>>;
  readonly failed?: (second: number) => number;
}

export function loadOf(steps: readonly Step[]): RecordedLoad {
  const points = steps.map(({ at, seconds, rate, overloaded = false }, index): PointSummary => {
    const startedAt = new Date(ORIGIN + at * 1000).toISOString();
    const state = { state: overloaded ? ('overloaded' as const) : ('steady' as const), reason: '' };
    return { ...pointOf(index, rate), durationSeconds: seconds, startedAt, state };
  });
  const series = steps.flatMap(({ at, seconds, rate, hosts = () => ({}), failed = () => 0 }, index) =>
    Array.from({ length: seconds }, (_, second): SeriesSample => {
      const byHost: Readonly<Record<string, number>> = hosts(at + second);
      const answers = Object.values(byHost).reduce((sum, count) => sum + count, 0);
      return {
        ...{ index, rate, second, phase: 'measure', sent: rate, ok: answers, failed: failed(at + second) },
        ...{ inFlight: 0, hosts: byHost },
      };
    }),
  );
  return { plan: { warmupSeconds: 0, drainSeconds: 10 }, points, series };
}

/** 1 to 3 instances and back: the load rises at 30 s and falls at 90 s; one instance sustains 10 requests per second. */
export const oneToThree: Shape = {
  target: (second) => (second >= 38 && second < 112 ? 3 : 1),
  instances: {
    'b-1': life({}),
    'b-2': life({ made: 42, runs: 47, healthy: 53, leaves: 113, gone: 118 }),
    'b-3': life({ made: 42, runs: 48, healthy: 58, leaves: 113, gone: 118 }),
  },
};

export const riseAndFall: readonly Step[] = [
  { at: 0, seconds: 30, rate: 10, hosts: () => ({ 'b-1': 10 }) },
  {
    ...{ at: 30, seconds: 60, rate: 25, overloaded: true },
    hosts: (second): Record<string, number> => {
      if (second < 57) return { 'b-1': 10 };
      if (second < 60) return { 'b-1': 12, 'b-2': 8 };
      // b-3 gets its part ten seconds after its first answer.
      if (second < 70) return { 'b-1': 12, 'b-2': 11, 'b-3': 2 };
      return { 'b-1': 9, 'b-2': 8, 'b-3': 8 };
    },
  },
  {
    ...{ at: 90, seconds: 60, rate: 5, failed: (second) => (second === 114 ? 2 : 0) },
    hosts: (second): Record<string, number> => (second < 112 ? { 'b-1': 2, 'b-2': 2, 'b-3': 1 } : { 'b-1': 5 }),
  },
];

/** A recorded run with a watched group. */
export function elasticRun(shape: Shape = oneToThree, steps: readonly Step[] = riseAndFall): ReportedRun {
  const { points, series } = loadOf(steps);
  const report = reportOf(points);
  const plan = { ...report.plan, warmupSeconds: 0, runId: '20260131-100000-gcp-invoke', tag: 'gcp' };
  const run = recordedRun({ ...report, plan });
  return { ...run, series, scaling: scalingOf({ report: run.report, series }, timelineOf(shape), givenCapacity(10)) };
}
