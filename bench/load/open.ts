import type { BenchResult, BenchRow } from '../types.ts';
import { median, quantile, round } from './numbers.ts';
import { type Measured, offer } from './point.ts';
import { withTarget } from './target.ts';

const RUNS = 5;

/** How late requests go out, at two rates; the median of several runs, because maxima are the machine's. */
export function lateness(): Promise<BenchResult> {
  return withTarget(['instant'], async (url) => {
    const rows: BenchRow[] = [];
    const at = async (rate: number, p50Ms: number, p99Ms: number, cores: number) => {
      const runs: Measured[] = [];
      for (let i = 0; i < RUNS; i++) runs.push(await offer({ url, rate, durationMs: 4000 }));
      const row = (what: string, unit: string, bound: number, of: (run: Measured) => number, digits: number) => {
        const values = runs.map(of);
        const measured = median(values);
        const spread = `${round(Math.min(...values), digits)} to ${round(Math.max(...values), digits)} in ${RUNS} runs`;
        rows.push({
          what: `${what} at ${rate} requests/s, without the live view`,
          measured: round(measured, digits),
          unit,
          target: `at most ${bound}`,
          ok: measured <= bound,
          compare: spread,
        });
      };
      row('lateness p50', 'ms', p50Ms, (run) => quantile(run.lateness, 0.5), 3);
      row('lateness p99', 'ms', p99Ms, (run) => quantile(run.lateness, 0.99), 3);
      row('generator', 'cores', cores, (run) => run.cores, 3);
    };
    await at(1000, 0.2, 1, 0.1);
    await at(10_000, 0.2, 2, 0.4);
    return { name: 'lateness, open loop', rows };
  });
}

/** The highest rate at which one process keeps its schedule: 99 % sent, lateness p99 at most 1 ms. */
export function highestRate(): Promise<BenchResult> {
  return withTarget(['instant'], async (url) => {
    let best = 0;
    let limit = 'the ladder ended first';
    for (const rate of [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]) {
      // Twice, because one stop of a shared machine makes any rate invalid.
      const runs = [await offer({ url, rate, durationMs: 3000 }), await offer({ url, rate, durationMs: 3000 })];
      const valid = runs.find((run) => quantile(run.lateness, 0.99) <= 1 && run.progress.dropped < rate * 0.03);
      if (valid !== undefined) best = rate;
      else {
        const [one] = runs;
        const late = one === undefined ? '' : `lateness p99 ${round(quantile(one.lateness, 0.99), 1)} ms`;
        limit = `at ${rate}: ${late}, ${one?.progress.dropped} dropped, generator ${round(one?.cores ?? 0, 2)} cores of a machine that the target shares`;
        break;
      }
    }
    const row = { what: 'highest valid rate of one process', measured: best, unit: 'requests/s' };
    return {
      name: 'highest rate, open loop',
      rows: [{ ...row, target: 'at least 40000', ok: best >= 40_000, compare: limit }],
    };
  });
}

/** 1000 requests per second against a server that takes 30 s, for 40 s: 30,000 open at once. */
export function inFlight(): Promise<BenchResult> {
  const work = async (url: string): Promise<BenchResult> => {
    const order = { url, rate: 1000, durationMs: 40_000, warmupMs: 0, drainMs: 35_000, maxInFlight: 34_000 };
    const run = await offer(order, 2);
    const lost = run.lost + run.failed + run.progress.dropped;
    const megabytes = round(run.peakBytes / 1e6, 0);
    const p99 = round(quantile(run.lateness, 0.99), 2);
    return {
      name: '1000 requests/s against 30 s, for 40 s',
      rows: [
        {
          what: 'open at once',
          measured: run.progress.peakInFlight,
          unit: 'requests',
          target: 'about 30000',
          ok: run.progress.peakInFlight >= 29_500,
        },
        {
          what: 'lost, failed or dropped',
          measured: lost,
          unit: 'requests',
          target: 'at most 4',
          ok: lost <= 4,
          compare: `${run.lost} lost, ${run.failed} failed, ${run.progress.dropped} dropped`,
        },
        {
          what: 'memory of both generators, peak RSS',
          measured: megabytes,
          unit: 'MB',
          target: 'at most 350',
          ok: megabytes <= 350,
        },
        { what: 'lateness p99', measured: p99, unit: 'ms', target: 'at most 10', ok: p99 <= 10 },
      ],
    };
  };
  return withTarget(['delay', '30000'], work, 2);
}
