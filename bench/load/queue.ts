import { departureRate } from '../../src/services/load/stats/collector.ts';
import { judgeState } from '../../src/services/load/stats/steadiness.ts';
import type { Outcome, PointState } from '../../src/services/load/types.ts';
import type { draws } from './draws.ts';

/**
 * A target whose capacity is known by construction: `places / meanSeconds`. `fifo` serves that many at a time, first come
 * first served; `shared` works on all at once and shares as much work among them, as engines that batch do.
 */
export interface Queue {
  readonly kind: 'fifo' | 'shared';
  readonly places: number;
  /** Work of a request: log-normal with this mean. */
  readonly meanSeconds: number;
  /** Standard deviation of its logarithm; 0 for the same always. */
  readonly sigma: number;
}

export interface QueuePoint {
  readonly rate: number;
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
}

/** What a sweep would say about a point. */
export interface JudgedPoint {
  readonly state: PointState;
  readonly servedRps: number;
}

const LOOKS = 64;
/** As the command has them. */
const TIMEOUT_MS = 180_000;
const DRAIN_MS = 120_000;

/** Random numbers of one run of simulated points. */
export type QueueDraws = ReturnType<typeof draws>;

/** Offers a point to a simulated queue, evenly, and judges it as sweeps do; no machine is in the way of the truth. */
export function judgePoint(queue: Queue, point: QueuePoint, random: QueueDraws): JudgedPoint {
  const { rate, durationSeconds, warmupSeconds } = point;
  const arrivals: number[] = [];
  for (let i = -Math.floor(warmupSeconds * rate); i / rate < durationSeconds; i++) arrivals.push(i / rate);
  const { sigma, meanSeconds } = queue;
  const median = meanSeconds * Math.exp(-(sigma * sigma) / 2);
  const work = arrivals.map(() => random.logNormal(median, sigma));
  const ends =
    queue.kind === 'fifo' ? servedInTurn(queue.places, arrivals, work) : shared(queue.places, arrivals, work);
  const drained = durationSeconds * 1000 + DRAIN_MS;
  const measured = arrivals.flatMap((arrival, i) => {
    const at = arrival * 1000;
    const [ended, given] = [(ends[i] ?? 0) * 1000, Math.min(at + TIMEOUT_MS, drained)];
    const outcome =
      ended <= given ? ('ok' as const) : given === drained ? ('incomplete' as const) : ('timeout' as const);
    return at < 0 ? [] : [{ at, end: Math.min(ended, given), outcome }];
  });
  const count = (wanted: Outcome) => measured.filter(({ outcome }) => outcome === wanted).length;
  const ok = measured.filter(({ outcome }) => outcome === 'ok');
  const okRps = ok.length / durationSeconds;
  const servedRps = Math.min(okRps, departureRate(Float64Array.from(ok, ({ end }) => end)) ?? okRps);
  const atMs = Array.from({ length: LOOKS + 1 }, (_, i) => (durationSeconds * 1000 * i) / LOOKS);
  const open = (now: number) => arrivals.filter((at, i) => at * 1000 <= now && (ends[i] ?? 0) * 1000 > now).length;
  const state = judgeState({
    rate,
    durationSeconds,
    sentMs: measured.map(({ at }) => at),
    serviceMs: measured.map(({ at, end }) => end - at),
    observed: { atMs, inFlight: atMs.map(open) },
    outcomes: { ...NONE, ok: ok.length, timeout: count('timeout'), incomplete: count('incomplete') },
    statuses: new Map([[200, ok.length]]),
    dropped: 0,
    servedRps,
  });
  return { state, servedRps };
}

/** When each ends that gets the first place that is free. */
function servedInTurn(places: number, arrivals: readonly number[], work: readonly number[]): number[] {
  const free = new Float64Array(places).fill(Number.NEGATIVE_INFINITY);
  return arrivals.map((at, i) => {
    const place = free.indexOf(Math.min(...free));
    const end = Math.max(at, free[place] ?? at) + (work[i] ?? 0);
    free[place] = end;
    return end;
  });
}

/** When each ends where all that are there share `places` seconds of work a second, each at most one. */
function shared(places: number, arrivals: readonly number[], work: readonly number[]): number[] {
  const ends: number[] = [];
  const open: { readonly index: number; left: number }[] = [];
  let now = arrivals[0] ?? 0;
  let next = 0;
  while (next < arrivals.length || open.length > 0) {
    const speed = Math.min(1, places / open.length);
    const first = open.reduce((least, each) => (each.left < least.left ? each : least), open[0] ?? NOTHING);
    const ending = now + first.left / speed;
    const arrival = arrivals[next] ?? Number.POSITIVE_INFINITY;
    const to = Math.min(ending, arrival);
    for (const each of open) each.left -= (to - now) * speed;
    now = to;
    if (arrival <= ending) {
      open.push({ index: next, left: work[next] ?? 0 });
      next++;
    } else {
      ends[first.index] = now;
      open.splice(open.indexOf(first), 1);
    }
  }
  return ends;
}

const NONE = { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 };
const NOTHING = { index: -1, left: Number.POSITIVE_INFINITY };
