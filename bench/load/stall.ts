import { setTimeout as delay } from 'node:timers/promises';
import type { BenchResult, BenchRow } from '../types.ts';
import { quantile, round } from './numbers.ts';
import { offer } from './point.ts';
import { withTarget } from './target.ts';
import { attempt, TOOLS } from './tools.ts';

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
  const own = await withTarget(args, ({ url }) =>
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
  for (const { name, install, paced, pacing } of TOOLS) {
    if (paced === undefined) continue;
    const said = await withTarget(args, async ({ url }) => {
      // Theirs begins where our window does: after the first period, which has no stop.
      await delay(PERIOD_MS);
      return attempt(() => paced(url, RATE, SECONDS));
    });
    const row = { what: `p90 by ${name}`, unit: 'ms', target: 'for comparison', ok: true };
    if (typeof said === 'string') {
      const compare = said === 'not installed' ? `not installed: ${install}` : `failed: ${said}`;
      rows.push({ ...row, measured: null, compare });
      continue;
    }
    const offered = round((100 * said.requests) / (RATE * SECONDS), 1);
    const how = pacing === undefined ? '' : `, ${pacing}`;
    rows.push({
      ...row,
      measured: round(said.p90 ?? 0, 1),
      compare: `p50 ${round(said.p50 ?? 0, 1)}, p99 ${round(said.p99 ?? 0, 1)} ms; ${offered} % of the requests${how}`,
    });
  }
  return { name: 'stall test: 1 s stop every 5 s at 1000 requests/s', rows };
}
