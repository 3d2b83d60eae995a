import {
  answerOf,
  type LimitSearch,
  type LimitTried,
  limitSeen,
  nextLimitPoint,
} from '../../src/services/load/profiles/limit-search.ts';
import type { Reading } from '../../src/services/load/profiles/limit-estimate.ts';
import { poissonTimes, splitmix32 } from '../../src/services/load/schedule/poisson.ts';
import { Batches } from '../../src/services/load/stats/batches.ts';
import { departureRate } from '../../src/services/load/stats/collector.ts';
import { always, batches, engine, exponential, heavy, queue, type Served, type SimulatedTarget, type Uniform } from './simulated-targets.ts';

type Of = (served: Served, i: number) => boolean;
interface Objective { name: string; allowed: number; missed: Of }
export interface Kind { name: string; target: SimulatedTarget; arrivals: 'poisson' | 'constant'; objectives: Objective[]; low: number; high: number; max: number; hint: number; known?: number }

const slower = (name: string, allowed: number, bound: number): Objective => ({ name, allowed, missed: ({ at, end }, i) => !((end[i]!) - at[i]! < bound) });
const ttft = (name: string, allowed: number, bound: number): Objective => ({ name, allowed, missed: ({ first }, i) => !(first![i]! < bound) });
const itl = (name: string, allowed: number, bound: number): Objective => ({ name, allowed, missed: ({ gap }, i) => !(gap![i]! < bound) });
const errors = (allowed: number): Objective => ({ name: `errors<${allowed}`, allowed, missed: ({ end }, i) => end[i] === Infinity });

export const KINDS: Kind[] = [
  { name: 'M/M/1 p95<75ms (.8)', target: queue(1, exponential(0.005)), arrivals: 'poisson', objectives: [slower('p95', 0.05, 0.075)], low: 1, high: 1000, max: 3600, hint: 160, known: 160.06 },
  { name: 'M/M/1 p95<30ms (.5)', target: queue(1, exponential(0.005)), arrivals: 'poisson', objectives: [slower('p95', 0.05, 0.030)], low: 1, high: 1000, max: 7200, hint: 100, known: 100.14 },
  { name: 'M/M/1 p99<500ms', target: queue(1, exponential(0.005)), arrivals: 'poisson', objectives: [slower('p99', 0.01, 0.5)], low: 1, high: 1000, max: 5400, hint: 190, known: 190.79 },
  { name: 'M/M/1 p95<2s', target: queue(1, exponential(0.005)), arrivals: 'poisson', objectives: [slower('p95', 0.05, 2)], low: 1, high: 1000, max: 1800, hint: 198.5, known: 198.5 },
  { name: 'M/D/8 p95<80ms', target: queue(8, always(0.050)), arrivals: 'poisson', objectives: [slower('p95', 0.05, 0.08)], low: 1, high: 1000, max: 1800, hint: 145, known: 124.15 },
  { name: 'D/D/8 p95<80ms', target: queue(8, always(0.050)), arrivals: 'constant', objectives: [slower('p95', 0.05, 0.08)], low: 1, high: 1000, max: 1800, hint: 160, known: 160.0 },
  { name: 'D/M/1 p95<75ms', target: queue(1, exponential(0.005)), arrivals: 'constant', objectives: [slower('p95', 0.05, 0.075)], low: 1, high: 1000, max: 1800, hint: 175, known: 179.29 },
  { name: 'M/G/4 heavy p95', target: queue(4, heavy(0.02, 1.5)), arrivals: 'poisson', objectives: [slower('p95', 0.05, 0.2)], low: 1, high: 1000, max: 10800, hint: 150, known: 144.82 },
  { name: 'finite 503 err<1%', target: queue(4, exponential(0.02), { waiting: 20 }), arrivals: 'poisson', objectives: [errors(0.01)], low: 1, high: 1000, max: 3600, hint: 180, known: 179.53 },
  { name: 'hangs 1% p95', target: queue(1, exponential(0.005), { hangs: 0.01 }), arrivals: 'poisson', objectives: [slower('p95', 0.05, 0.075)], low: 1, high: 1000, max: 5400, hint: 158, known: 158.8 },
  { name: 'batches p95', target: batches(16, 0.05, 0.005), arrivals: 'poisson', objectives: [slower('p95', 0.05, 0.25)], low: 1, high: 1000, max: 1800, hint: 110, known: 104.88 },
  { name: 'engine itl first', target: engine({ places: 64, token: 0.01, each: 0.0005, tokens: 100 }), arrivals: 'poisson', objectives: [ttft('ttft', 0.05, 0.2), itl('tpot', 0.05, 0.025)], low: 0.5, high: 100, max: 14400, hint: 10, known: 9.78 },
  { name: 'engine ttft first', target: engine({ places: 16, token: 0.01, each: 0.0005, tokens: 100 }), arrivals: 'poisson', objectives: [ttft('ttft', 0.05, 0.2), itl('tpot', 0.05, 0.025)], low: 0.5, high: 100, max: 14400, hint: 7, known: 6.4 },
];

function times(rate: number, seconds: number, warmup: number, arrivals: Kind['arrivals'], uniform: Uniform): Float64Array {
  if (arrivals === 'constant') return Float64Array.from({ length: Math.floor((seconds + warmup) * rate) }, (_, i) => i / rate - warmup);
  const count = Math.round((seconds + warmup) * rate);
  return poissonTimes(count, seconds + warmup, Math.floor(uniform() * 2 ** 31)).map((s) => s - warmup) as Float64Array;
}

export function shareReading(name: string, allowed: number, b: Batches, memory: number): Reading {
  const { value, error, over } = b.ratio()!;
  const k = value * over;
  const tau = Math.min(memory, over / 4);
  const p = (k + 0.5 * tau) / (over + tau);
  const logit = (x: number) => Math.log(x / (1 - x));
  const few = Math.min(k, over - k) < 8 * tau;
  const se = Math.max(error, Math.sqrt((p * (1 - p) * (few ? tau : 1)) / over)) / (p * (1 - p));
  return { name, excess: logit(p) - logit(allowed), error: se, kind: 'curve', ...(k < 1 ? { bound: 'most' } : k > over - 1 ? { bound: 'least' } : {}) } as Reading;
}

export function point(kind: Kind, rate: number, seconds: number, uniform: Uniform): LimitTried {
  const served = kind.target(times(rate, seconds, 2, kind.arrivals, uniform), uniform);
  const { at, end } = served;
  const traces = kind.objectives.map((o) => ({ ...o, b: new Batches(seconds * 1000) }));
  let held = true;
  const ok = new Float64Array(at.length);
  let n = 0; let sent = 0;
  const response = new Batches(seconds * 1000);
  const failing = new Batches(seconds * 1000);
  for (let i = 0; i < at.length; i++) {
    if (at[i]! < 0) continue;
    sent++;
    if (end[i] !== Infinity) ok[n++] = end[i]! * 1000;
    failing.add(at[i]! * 1000, end[i] === Infinity ? 1 : 0, 1);
    if (end[i] !== Infinity) response.add(at[i]! * 1000, Math.log(end[i]! - at[i]!), 1);
    for (const { b, missed } of traces) b.add(at[i]! * 1000, missed(served, i) ? 1 : 0, 1);
  }
  const readings: Reading[] = traces.map(({ name, allowed, b }) => {
    if (!(b.ratio()!.value < allowed)) held = false;
    return shareReading(name, allowed, b, response.ratio()?.memory ?? 1);
  });
  const okRps = n / seconds;
  const servedRps = Math.min(okRps, departureRate(ok.subarray(0, n)) ?? okRps);
  readings.push({ name: 'sustained', excess: 1 - servedRps / okRps, error: 2 * Math.sqrt(servedRps / okRps / n), kind: 'backlog' });
  return { offered: rate, durationSeconds: seconds, readings, held };
}

function truth(kind: Kind): number {
  // bisect by interpolation on long simulations
  let lo = kind.hint * 0.8, hi = kind.hint * 1.2;
  const excess = (rate: number, n: number) => {
    const e = point(kind, rate, n / rate, splitmix32(99));
    const s = e.readings.find((r) => r.kind === 'backlog')!;
    if (s.excess > 0.01) return 5;
    return Math.max(...e.readings.filter((r) => r.kind === 'curve').map((r) => r.excess));
  };
  for (let i = 0; i < 12; i++) { const m = (lo + hi) / 2; if (excess(m, 2e6) > 0) hi = m; else lo = m; }
  return (lo + hi) / 2;
}

export function search(kind: Kind, seed: number) {
  const uniform = splitmix32(seed);
  const search: LimitSearch = { low: kind.low, high: kind.high, durationSeconds: 10, maxDurationSeconds: kind.max };
  const tried: LimitTried[] = [];
  for (let next = nextLimitPoint(search, tried); next; next = nextLimitPoint(search, tried)) tried.push(point(kind, next.rate, next.durationSeconds, uniform));
  const limit = limitSeen(search, tried)!;
  const sure = answerOf(search, tried, limit)?.offered;
  const answer = sure ?? tried.filter((t) => t.held && t.offered <= limit.middle).map((t) => t.offered).sort((a, b) => b - a)[0];
  return { tried, limit, sure, answer };
}

if (process.argv[2] === 'try') {
  const runs = Number(process.argv[3] ?? 20);
  const only = process.argv[4];
  const verbose = process.argv[5];
  for (const kind of KINDS) {
    if (only && only !== '-' && !kind.name.includes(only)) continue;
    const t0 = performance.now();
    const r = kind.known ?? truth(kind);
    const t1 = performance.now();
    const all = Array.from({ length: runs }, (_, s) => search(kind, 1000 + s));
    const t2 = performance.now();
    const ans = all.filter((x) => x.sure !== undefined); const any = all.filter((x) => Math.abs((x.answer ?? 0) / r - 1) <= 0.02).length; const mid = all.map((x) => Math.abs(x.limit.middle / r - 1)).sort((a, b) => a - b).at(-1)!;
    const within = ans.filter((x) => Math.abs(x.answer! / r - 1) <= 0.02).length;
    const covers = all.filter((x) => x.limit.low <= r * 1.001 && x.limit.high >= r * 0.999).length;
    const pts = all.map((x) => x.tried.length).sort((a, b) => a - b);
    const mins = all.map((x) => x.tried.reduce((s, t) => s + t.durationSeconds, 0) / 60).sort((a, b) => a - b);
    console.log(`${kind.name.padEnd(22)} r*=${r.toFixed(2)} answered ${ans.length}/${runs} within ${within} all-within ${any} mid-worst ${(100 * mid).toFixed(1)}% covers ${covers} points ${pts[runs >> 1]}/${pts.at(-1)} min ${mins[runs >> 1]!.toFixed(0)}/${mins.at(-1)!.toFixed(0)} by ${[...new Set(all.map((x) => x.limit.by))]}  (${((t1 - t0) / 1000).toFixed(1)}s + ${((t2 - t1) / 1000 / runs).toFixed(2)}s/run)`);
    for (const [i, x] of all.entries()) if (verbose === 'all' || (verbose && (Math.abs(x.answer! / r - 1) > 0.02 || x.limit.low > r * 1.001 || x.limit.high < r * 0.999))) {
      console.log('   run', i, 'answer', x.answer, 'limit', x.limit.low.toFixed(2), x.limit.middle.toFixed(2), x.limit.high.toFixed(2), x.limit.by, 's', x.limit.slope.toFixed(1));
      for (const t of x.tried) console.log('      ', t.offered, t.durationSeconds + 's', t.held, t.readings.map((q) => `${q.name} ${q.excess.toFixed(3)}±${q.error.toFixed(3)}${q.bound ?? ''}`).join('  '));
    }
  }
}

if (process.argv[2] === 'truth') {
  for (const kind of KINDS.filter(({ name }) => /M.D|G.4|finite|batches|engine/.test(name))) {
    const r = kind.known!;
    const n = 1e7;
    const rows = [0.985, 0.995, 1.005, 1.015].map((f) => { let y = 0; for (const seed of [1, 2, 3]) y += Math.max(...point(kind, r * f, n / (r * f), splitmix32(seed)).readings.filter((q) => q.kind === 'curve').map((q) => q.excess)) / 3; return { x: Math.log(f), y }; });
    const mx = rows.reduce((a, b) => a + b.x, 0) / 4, my = rows.reduce((a, b) => a + b.y, 0) / 4;
    const slope = rows.reduce((a, b) => a + (b.x - mx) * (b.y - my), 0) / rows.reduce((a, b) => a + (b.x - mx) ** 2, 0);
    console.log(kind.name, r * Math.exp(mx - my / slope), slope, rows.map(({ y }) => y.toFixed(4)).join(' '));
  }
}
