import type { BenchResult, BenchRow } from '../types.ts';
import { quantile, round } from './numbers.ts';
import { offer } from './point.ts';
import { withTarget } from './target.ts';
import { TOOLS } from './tools.ts';

const STOP_MS = 1000;
const PERIOD_MS = 5000;
const SECONDS = 20;
const RATE = 1000;

/**
 * A server that stops for 1 s in every 5 s. A fifth of all requests come during a stop and wait for its end, evenly
 * between 0 and 1 s: the true percentiles above the 80th follow.
 */
export async function run(): Promise<BenchResult> {
  const truth = (share: number) => STOP_MS * (1 - ((1 - share) * PERIOD_MS) / STOP_MS);
  const args = ['stall', String(STOP_MS), String(PERIOD_MS)];
  const own = await withTarget(args, (url) =>
    // The warm-up is one period: the first one has no stop.
    offer({ url, rate: RATE, durationMs: SECONDS * 1000, warmupMs: PERIOD_MS }),
  );
  const rows: BenchRow[] = [0.9, 0.99].map((share) => {
    const measured = round(quantile(own.response, share), 0);
    return {
      what: `p${share * 100} of the response time`,
      measured,
      unit: 'ms',
      target: `${round(truth(share), 0)} within 5 %`,
      ok: Math.abs(measured - truth(share)) <= truth(share) * 0.05,
    };
  });
  for (const tool of TOOLS) {
    const { paced } = tool;
    if (paced === undefined) continue;
    const said = await withTarget(args, async (url) => paced(url, RATE, SECONDS + PERIOD_MS / 1000));
    if (said === undefined) continue;
    rows.push({
      what: `p90 by ${tool.name}`,
      measured: round(said.p90 ?? 0, 1),
      unit: 'ms',
      target: 'for comparison',
      ok: true,
      compare: `p50 ${round(said.p50 ?? 0, 1)}, p99 ${round(said.p99 ?? 0, 1)} ms; true 500 and 950 at p90 and p99`,
    });
  }
  return { name: 'stall test: 1 s stop every 5 s at 1000 requests/s', rows };
}
