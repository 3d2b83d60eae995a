import { judgeState } from '../../src/services/load/stats/steadiness.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { round } from './numbers.ts';

const POINTS = 100;
const WARMUP_SECONDS = 1;

/** A server of `places`, first come first served, with log-normal times: capacity is `places / mean`. */
interface Server {
  readonly places: number;
  readonly meanMs: number;
  /** Of the logarithm; 0 for the same time always. */
  readonly sigma: number;
}

const SERVERS: readonly Server[] = [
  { places: 24, meanMs: 300, sigma: 0 },
  { places: 24, meanMs: 300, sigma: 0.5 },
  { places: 24, meanMs: 300, sigma: 1 },
  { places: 1, meanMs: 12.5, sigma: 0.5 },
];

/**
 * How often a point is called overloaded, by its rate against the capacity that the server has by construction. Queues
 * are simulated, so that the truth is known and no machine is in the way; the judgement is the one that sweeps use.
 */
export async function run(): Promise<BenchResult> {
  const random = generator(1);
  const rows: BenchRow[] = [];
  for (const seconds of [3, 10, 30]) {
    const share = (load: number) =>
      Math.max(...SERVERS.map((server) => overloadedShare(server, load, seconds, random)));
    const least = (load: number) =>
      Math.min(...SERVERS.map((server) => overloadedShare(server, load, seconds, random)));
    const wrong = share(0.9);
    const right = least(1.3);
    const rest = [1.06, 1.15].map((load) => `${load}: ${round(100 * least(load), 0)} %`).join(', ');
    rows.push({
      what: `called overloaded at 0.9 of the capacity, ${seconds} s points`,
      ...{ measured: round(100 * wrong, 0), unit: '%', target: 'at most 10', ok: wrong <= 0.1 },
      compare: `worst of ${SERVERS.length} servers, ${POINTS} points each`,
    });
    rows.push({
      what: `called overloaded at 1.3 of the capacity, ${seconds} s points`,
      ...{ measured: round(100 * right, 0), unit: '%', target: 'at least 90', ok: right >= 0.9 },
      compare: `worst server; at ${rest}`,
    });
  }
  return { name: 'steady or overloaded, simulated queues', rows };
}

function overloadedShare(server: Server, load: number, seconds: number, random: () => number): number {
  let count = 0;
  for (let n = 0; n < POINTS; n++) if (judged(server, load, seconds, random) === 'overloaded') count++;
  return count / POINTS;
}

function judged({ places, meanMs, sigma }: Server, load: number, seconds: number, random: () => number) {
  const rate = (load * places * 1000) / meanMs;
  const free = new Float64Array(places);
  const from = -WARMUP_SECONDS * 1000;
  free.fill(from);
  const all: { readonly at: number; readonly end: number }[] = [];
  for (let i = 0; ; i++) {
    const at = from + (i * 1000) / rate;
    if (at >= seconds * 1000) break;
    const place = free.indexOf(Math.min(...free));
    const end = Math.max(at, free[place] ?? at) + meanMs * Math.exp(sigma * normal(random) - (sigma * sigma) / 2);
    free[place] = end;
    all.push({ at, end });
  }
  const measured = all.filter(({ at }) => at >= 0);
  const atMs = Array.from({ length: seconds * 4 }, (_, i) => i * 250 + 7);
  return judgeState({
    rate,
    durationSeconds: seconds,
    warmupSeconds: WARMUP_SECONDS,
    sentMs: measured.map(({ at }) => at),
    serviceMs: measured.map(({ at, end }) => end - at),
    censored: measured.map(() => 0),
    observed: { atMs, inFlight: atMs.map((now) => all.filter(({ at, end }) => at <= now && end > now).length) },
    outcomes: { ok: measured.length, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 },
    statuses: new Map([[200, measured.length]]),
    dropped: 0,
  }).state;
}

/** Numerical Recipes' linear congruential generator: the same points in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return (state + 0.5) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}
