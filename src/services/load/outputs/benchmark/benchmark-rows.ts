import type { RequestRecord } from '../../engine/request-record.ts';
import { foreign } from '../../record/csv-rows.ts';
import type { PointSummary, SweepPlan } from '../../types.ts';

/** One request; a failure has no tokens. Times in seconds, three columns with fewer decimals than they are known to. */
export interface BenchmarkRow {
  /** Response time of an open loop, service time of a closed one. */
  readonly elapsed_s: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  /** Tokens of the answer by its time. */
  readonly tps: number;
  readonly ok: 0 | 1;
  readonly status: number;
  readonly error: string;
  /** Absent where no token came, or answers were not streamed. */
  readonly ttft_s?: number;
}

export const COLUMNS = [
  ...(['elapsed_s', 'prompt_tokens', 'completion_tokens', 'tps', 'ok', 'status', 'error', 'ttft_s'] as const),
] satisfies readonly (keyof BenchmarkRow)[];

/** Decimals of what is not whole. */
const DECIMALS: Partial<Readonly<Record<keyof BenchmarkRow, number>>> = { elapsed_s: 4, tps: 2, ttft_s: 4 };

export function rowOf(record: RequestRecord): BenchmarkRow {
  const { latenessMs = 0, serviceMs = 0, outcome, status, error, figures, ttft_ms: first } = record;
  const elapsed = (latenessMs + serviceMs) / 1000;
  const isOk = outcome === 'ok';
  const completion = isOk ? (figures?.output_tokens ?? 0) : 0;
  return {
    elapsed_s: round(elapsed, 4),
    prompt_tokens: isOk ? (figures?.prompt_tokens ?? 0) : 0,
    completion_tokens: completion,
    tps: elapsed > 0 ? round(completion / elapsed, 2) : 0,
    ok: isOk ? 1 : 0,
    status,
    error: isOk ? '' : error,
    ...(first === undefined ? {} : { ttft_s: round((latenessMs + first) / 1000, 4) }),
  };
}

/** The cells of a row, as the file has them. */
export function cellsOf(row: BenchmarkRow): string[] {
  return COLUMNS.map((name) => {
    const value = row[name];
    const decimals = DECIMALS[name];
    if (typeof value === 'number' && decimals !== undefined) return value.toFixed(decimals);
    return name === 'error' ? foreign(row.error) : String(value ?? '');
  });
}

/** The figures of a point, seconds. Latencies and `avg_tps` are of successes; absent where nothing succeeded. */
export function summaryOf(plan: SweepPlan, point: PointSummary, rows: readonly BenchmarkRow[]) {
  const { loop = 'open', rate, durationSeconds, outcomes, sent, okRps } = point;
  const ok = rows.filter((row) => row.ok === 1);
  const elapsed = ok.map((row) => row.elapsed_s).sort((a, b) => a - b);
  const firsts = ok.flatMap(({ ttft_s: first = [] }) => first).sort((a, b) => a - b);
  const tokens = ok.reduce((sum, row) => sum + row.completion_tokens, 0);
  const isClosed = loop === 'closed';
  return {
    requests: sent,
    concurrency: isClosed ? rate : point.peakInFlight,
    avg_latency_s: mean(elapsed),
    p95_latency_s: rank(elapsed, 0.95),
    p99_latency_s: rank(elapsed, 0.99),
    avg_tps: mean(ok.map(({ tps }) => tps)),
    ok: outcomes.ok,
    errors: sent - outcomes.ok,
    p50_latency_s: rank(elapsed, 0.5),
    p90_latency_s: rank(elapsed, 0.9),
    // Each success brings its tokens at the rate at which successes come.
    tokens_per_s: ok.length === 0 ? 0 : round((tokens / ok.length) * okRps, 2),
    ttft_p50_s: rank(firsts, 0.5),
    ttft_p95_s: rank(firsts, 0.95),
    loop,
    rate: isClosed ? okRps : rate,
    duration_s: durationSeconds,
    simulated: plan.simulated,
  };
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return round(values.reduce((sum, value) => sum + value, 0) / values.length, 4);
}

/** The smallest value that at least this share of all do not exceed. */
function rank(ascending: readonly number[], share: number): number | null {
  return ascending[Math.max(1, Math.ceil(share * ascending.length)) - 1] ?? null;
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
