import { nextSearchPoint, type Tried } from '../../src/services/load/profiles/knee-search.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { draws } from './draws.ts';
import { quantile, round } from './numbers.ts';
import { judgePoint, type Queue } from './queue.ts';
import { inFolder, sweep } from './sweep.ts';
import { withKnown } from './target.ts';

/** So many requests at a time, each 50 ms on average: 165 per second. */
const PLACES = 8;
const CAPACITY = 165;
const LADDER = [130, 140, 150, 160, 170, 180, 190];
const SEARCH = [20, 400];
/** To what a search is exact. */
const SEARCH_STEP = 1.06;

/** Slow targets: few, long answers. */
const SLOW: readonly Queue[] = [
  { kind: 'fifo', places: 1, meanSeconds: 4, sigma: 0.3 },
  { kind: 'fifo', places: 2, meanSeconds: 10, sigma: 0.5 },
  { kind: 'shared', places: 4, meanSeconds: 20, sigma: 0.5 },
];
const SEARCHES = 40;
const WARMUP_SECONDS = 2;
/** To what a search of few, long answers is to be exact. */
const SLOW_STEP = 1.15;

/** The knee that whole sweeps find, and that the search finds on queues that would take hours to measure. */
export async function run(): Promise<BenchResult> {
  return { name: 'the knee of targets of known capacity', rows: [...(await measured()), ...SLOW.map(searchedSlowly)] };
}

/** A target of known capacity: the highest rung below it is the true knee of a ladder. */
async function measured(): Promise<BenchRow[]> {
  const meanMs = (PLACES * 1000) / CAPACITY;
  const find = (findKnee: boolean, rates: readonly number[]) =>
    inFolder((folder) =>
      withKnown(['places', PLACES, meanMs, 0.5], async ({ url, truth }) => {
        const options = { targetUrl: url, rates, durationSeconds: 10, findKnee, stopAboveKnee: !findKnee };
        const { knee: found, points } = await sweep(folder, options);
        const { capacity } = await truth<{ capacity: number }>();
        const course = points.flatMap(({ rate, status, state, validity }) =>
          status === 'skipped' ? [] : `${rate} ${validity.startsWith('invalid') ? 'invalid' : state?.state}`,
        );
        return { rate: found?.rate ?? 0, capacity, course: course.join(', ') };
      }),
    );
  const onLadder = await find(false, LADDER);
  const rung = LADDER.findLastIndex((rate) => rate <= onLadder.capacity);
  const searched = await find(true, SEARCH);
  const off = searched.rate / searched.capacity;
  return [
    {
      what: 'knee of a ladder',
      measured: onLadder.rate,
      unit: 'requests/s',
      target: `${LADDER[rung]}, within a step`,
      ok: Math.abs(LADDER.indexOf(onLadder.rate) - rung) <= 1 && onLadder.rate > 0,
      compare: `drawn capacity ${round(onLadder.capacity, 1)}; ${onLadder.course}`,
    },
    {
      what: 'knee by --find-knee',
      measured: searched.rate,
      unit: 'requests/s',
      target: `${round(searched.capacity, 1)} within 6 %`,
      ok: off <= SEARCH_STEP && off >= 1 / SEARCH_STEP,
      compare: searched.course,
    },
  ];
}

/** Searches between a sixth and two and a half times the capacity, with points that begin at 60 s. */
function searchedSlowly(queue: Queue): BenchRow {
  const capacity = queue.places / queue.meanSeconds;
  const search = { low: capacity / 6, high: capacity * 2.5, durationSeconds: 60, maxDurationSeconds: 900 };
  const runs = Array.from({ length: SEARCHES }, (_, seed) => {
    const random = draws(1000 + seed);
    const tried: Tried[] = [];
    for (let next = nextSearchPoint(search, tried); next !== undefined; next = nextSearchPoint(search, tried)) {
      const { state, servedRps } = judgePoint(queue, { ...next, warmupSeconds: WARMUP_SECONDS }, random);
      const sustained = state.state === 'overloaded' ? false : state.state === 'steady' ? true : undefined;
      const { suggestedDurationSeconds: wantedSeconds } = state;
      tried.push({ ...next, sustained, servedRps, ...(wantedSeconds === undefined ? {} : { wantedSeconds }) });
    }
    const failed = tried.filter(({ sustained }) => sustained === false).map(({ rate }) => rate);
    const held = tried.filter(({ sustained, rate }) => sustained === true && rate < Math.min(...failed));
    const seconds = tried.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
    return { knee: Math.max(0, ...held.map(({ rate }) => rate)) / capacity, points: tried.length, seconds };
  });
  const within = runs.filter(({ knee }) => knee <= SLOW_STEP && knee >= 1 / SLOW_STEP).length / SEARCHES;
  const middle = (values: readonly number[], share: number) =>
    quantile(
      [...values].sort((a, b) => a - b),
      share,
    );
  const knees = runs.map(({ knee }) => knee);
  const [points, minutes] = [runs.map((each) => each.points), runs.map(({ seconds }) => seconds / 60)];
  const shape = queue.kind === 'fifo' ? `${queue.places} at a time` : `shared, as ${queue.places}`;
  return {
    what: `searches within 15 % of the capacity, answers of ${queue.meanSeconds} s, ${shape}`,
    ...{ measured: round(100 * within, 0), unit: '%', target: 'at least 90', ok: within >= 0.9 },
    compare:
      `${SEARCHES} searches: p5 ${round(middle(knees, 0.05), 2)}, median ${round(middle(knees, 0.5), 2)}, p95 ` +
      `${round(middle(knees, 0.95), 2)} of it; ${middle(points, 0.5)} points, ${round(middle(minutes, 0.5), 0)} min of windows`,
  };
}
