import { protocolOf } from '../protocols/protocols.ts';
import { Collector } from '../stats/collector.ts';
import { summarizePoint } from '../stats/point-summary.ts';
import type { PointSummary, SecondSample, SweepPlan } from '../types.ts';
import { readRequests } from './csv-reader.ts';

/** The file of a point whose process died before it could sum up. */
export interface Unfinished {
  readonly path: string;
  readonly rate: number;
  readonly index: number;
  readonly startedAt: string;
}

/**
 * Sums up a point from its rows and its seconds. A row is written when a request ends: those that were open when the
 * process died are known from the time series only, and count as incomplete without a time.
 */
export async function recoverPoint(
  plan: SweepPlan,
  { path, rate, index, startedAt }: Unfinished,
  series: readonly SecondSample[],
): Promise<PointSummary> {
  const collected = new Collector(protocolOf(plan.targetUrl));
  let lastMs = 0;
  for await (const record of readRequests(path)) {
    if (collected.has(record.index)) continue;
    collected.add(record);
    lastMs = Math.max(lastMs, record.intendedMs + (record.latenessMs ?? 0) + (record.serviceMs ?? 0));
  }
  for (const { second, inFlight } of series) collected.addInFlight((second + 1) * 1000, inFlight);
  const seen = series.reduce((sum, { sent }) => sum + sent, 0);
  const sent = Math.max(collected.recorded, seen);
  for (let open = 0; collected.recorded < sent; open++) {
    if (collected.has(open)) continue;
    collected.add({
      index: open,
      intendedMs: (open * 1000) / rate,
      outcome: 'incomplete',
      class: 'interrupted',
      status: 0,
      error: 'open when the run was killed',
    });
  }
  const lastSecond = Math.max(0, ...series.map(({ second }) => second + 1));
  return summarizePoint(
    {
      index,
      rate,
      startedAt,
      durationSeconds: Math.min(plan.durationSeconds, Math.max(lastSecond, lastMs / 1000)),
      status: 'interrupted',
      scheduled: sent,
      maxInFlight: plan.maxInFlight,
      warmupSeconds: plan.warmupSeconds,
      progress: {
        phase: 'drain',
        elapsedMs: lastMs,
        sent,
        dropped: 0,
        inFlight: 0,
        peakInFlight: Math.max(0, ...series.map(({ inFlight }) => inFlight)),
        newConnections: 0,
        cpuSeconds: 0,
      },
      perRequestCsv: path,
      wallSeconds: 0,
    },
    collected,
  );
}
