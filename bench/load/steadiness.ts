import type { BenchResult, BenchRow } from '../types.ts';
import { draws } from './draws.ts';
import { round } from './numbers.ts';
import { judgePoint, type Queue } from './queue.ts';

/** Points of each load on each queue. */
const POINTS = 200;
/** As sweeps have it. */
const WARMUP_SECONDS = 2;

/** Mean times of an answer, seconds, and requests of a point. */
const ANSWERS = [0.1, 1, 10, 100];
const REQUESTS = [5, 10, 20, 40, 100, 1000];
const SHAPES: readonly Omit<Queue, 'meanSeconds'>[] = [
  ...[1, 4, 24].flatMap((places) => [0, 0.5, 1].map((sigma) => ({ kind: 'fifo' as const, places, sigma }))),
  { kind: 'shared', places: 1, sigma: 0.5 },
  { kind: 'shared', places: 4, sigma: 1 },
];

/** Fast targets, in short points of many requests. */
const FAST: readonly Queue[] = [
  ...[0, 0.5, 1].map((sigma) => ({ kind: 'fifo' as const, places: 24, meanSeconds: 0.3, sigma })),
  { kind: 'fifo', places: 1, meanSeconds: 0.0125, sigma: 0.5 },
];

/** How often each state was told, shares of the points. */
interface Told {
  readonly steady: number;
  readonly overloaded: number;
  readonly undecided: number;
}

/**
 * How often a point is called sustained or overloaded, by its rate against the capacity that the queue has by
 * construction. What cannot be decided has to be called so.
 */
export async function run(): Promise<BenchResult> {
  return { name: 'steady or overloaded, simulated queues', rows: [...REQUESTS.flatMap(byRequests), ...fast()] };
}

/** Errors at so many requests a point: the worst of all queues; and what is said of all of them together. */
function byRequests(requests: number): BenchRow[] {
  const queues = SHAPES.flatMap((shape) => ANSWERS.map((meanSeconds) => ({ ...shape, meanSeconds })));
  const at = (load: number) => queues.map((queue) => told(queue, load, requests / rateOf(queue, load)));
  const [below, above] = [at(0.8), at(1.3)];
  const told08 = Math.max(...below.map(({ overloaded }) => overloaded));
  const told13 = Math.max(...above.map(({ steady }) => steady));
  return [
    {
      what: `called sustained at 1.3 of the capacity, ${requests} requests`,
      ...{ measured: percent(told13), unit: '%', target: 'at most 5', ok: told13 <= 0.05 },
      compare: `worst of ${queues.length} queues; all: ${overall(above)}`,
    },
    {
      what: `called overloaded at 0.8 of the capacity, ${requests} requests`,
      ...{ measured: percent(told08), unit: '%', target: 'at most 10', ok: told08 <= 0.1 },
      compare: `worst of ${queues.length} queues; all: ${overall(below)}`,
    },
  ];
}

function fast(): BenchRow[] {
  return [3, 10, 30].flatMap((seconds) => {
    const overloaded = (load: number) => FAST.map((queue) => told(queue, load, seconds).overloaded);
    const wrong = Math.max(...overloaded(0.9));
    const right = Math.min(...overloaded(1.3));
    const rest = [1.06, 1.15].map((load) => `${load}: ${percent(Math.min(...overloaded(load)))} %`).join(', ');
    return [
      {
        what: `called overloaded at 0.9 of the capacity, ${seconds} s points`,
        ...{ measured: percent(wrong), unit: '%', target: 'at most 10', ok: wrong <= 0.1 },
        compare: `worst of ${FAST.length} fast queues, ${POINTS} points each`,
      },
      {
        what: `called overloaded at 1.3 of the capacity, ${seconds} s points`,
        ...{ measured: percent(right), unit: '%', target: 'at least 90', ok: right >= 0.9 },
        compare: `worst fast queue; at ${rest}`,
      },
    ];
  });
}

function told(queue: Queue, load: number, durationSeconds: number): Told {
  const random = draws(Math.round(1e6 * load * durationSeconds * (1 + queue.sigma)));
  const point = { rate: rateOf(queue, load), durationSeconds, warmupSeconds: WARMUP_SECONDS };
  const count = { steady: 0, overloaded: 0, filling: 0, unknown: 0 };
  for (let n = 0; n < POINTS; n++) count[judgePoint(queue, point, random).state.state]++;
  return {
    steady: count.steady / POINTS,
    overloaded: count.overloaded / POINTS,
    undecided: (count.filling + count.unknown) / POINTS,
  };
}

function rateOf({ places, meanSeconds }: Queue, load: number): number {
  return (load * places) / meanSeconds;
}

function overall(all: readonly Told[]): string {
  const mean = (name: keyof Told) => percent(all.reduce((sum, each) => sum + each[name], 0) / all.length);
  return `steady ${mean('steady')}, overloaded ${mean('overloaded')}, undecided ${mean('undecided')} %`;
}

function percent(share: number): number {
  return round(100 * share, share < 0.1 ? 1 : 0);
}
