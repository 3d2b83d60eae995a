import { stringify } from 'csv-stringify/sync';
import { PHASE_FIGURES, type RequestRecord } from '../engine/request-record.ts';
import type { PointSummary, SweepPlan } from '../types.ts';
import { SUMMARY_COLUMNS } from './csv-columns.ts';

type Cell = string | number;

export function headerRow(columns: readonly string[]): string {
  return stringify([[...columns]]);
}

/** Rows of the per-request file; `latency_ms` is the response time, measured from the intended time. */
export function requestRows(rate: number, records: readonly RequestRecord[]): string {
  return stringify(records.map((record) => requestRow(rate, record)));
}

function requestRow(rate: number, record: RequestRecord): Cell[] {
  const { latenessMs, serviceMs, figures } = record;
  const latency = latenessMs === undefined || serviceMs === undefined ? undefined : latenessMs + serviceMs;
  return [
    rate,
    record.outcome === 'ok' ? 1 : 0,
    record.status,
    fixed(latency),
    foreign(record.error),
    record.index,
    fixed(record.intendedMs),
    fixed(latenessMs),
    fixed(serviceMs),
    record.outcome,
    foreign(record.class),
    foreign(record.host ?? ''),
    figures?.a_local_seconds ?? '',
    figures?.b_remote_seconds ?? '',
    figures?.end_to_end_seconds ?? '',
    figures?.ollama_seconds ?? '',
    figures?.total_seconds ?? '',
    figures?.prompt_tokens ?? '',
    figures?.output_tokens ?? '',
    fixed(record.ttft_ms),
    fixed(timePerToken(record)),
    record.itl_ms?.map((ms) => fixed(ms)).join(' ') ?? '',
    ...PHASE_FIGURES.map((name) => figures?.[name] ?? ''),
  ];
}

/** The first token left out, as vLLM's benchmark has it. */
function timePerToken({ serviceMs, ttft_ms: first, figures }: RequestRecord): number | undefined {
  const tokens = figures?.output_tokens ?? 0;
  return serviceMs === undefined || first === undefined || tokens < 2 ? undefined : (serviceMs - first) / (tokens - 1);
}

/** One row of the summary. A request that did not end counts as an error, and not as completed. */
export function summaryRow(plan: SweepPlan, point: PointSummary): string {
  const { outcomes, response, state, waterfall, fairness, tokens, stream } = point;
  const errors = point.sent - outcomes.ok;
  const row: Record<(typeof SUMMARY_COLUMNS)[number], Cell> = {
    run_tag: plan.tag,
    target_url: plan.targetUrl,
    rps_target: point.rate,
    duration_s: Number(point.durationSeconds.toFixed(3)),
    timeout_s: plan.timeoutSeconds,
    drain_timeout_s: plan.drainSeconds,
    concurrency: plan.maxInFlight,
    sent: point.sent,
    completed: point.sent - outcomes.incomplete,
    ok: outcomes.ok,
    errors,
    ok_rps: rate(point.okRps),
    err_pct: (point.sent === 0 ? 0 : (100 * errors) / point.sent).toFixed(2),
    avg_ms: fixed(response?.mean),
    p50_ms: fixed(response?.p50),
    p90_ms: fixed(response?.p90),
    p95_ms: fixed(response?.p95),
    p99_ms: fixed(response?.p99),
    per_request_csv: point.perRequestCsv,
    run_id: plan.runId,
    started_at: point.startedAt,
    status: point.status,
    validity: point.validity,
    simulated: plan.simulated ? 1 : 0,
    scheduled: point.scheduled,
    dropped: point.dropped,
    http_error: outcomes.http_error,
    transport_error: outcomes.transport_error,
    timeout: outcomes.timeout,
    invalid: outcomes.invalid,
    incomplete: outcomes.incomplete,
    sent_rps: rate(point.sentRps),
    served_rps: rate(point.servedRps),
    lateness_p50_ms: fixed(point.lateness?.p50),
    lateness_p99_ms: fixed(point.lateness?.p99),
    service_p50_ms: fixed(point.service?.p50),
    service_p99_ms: fixed(point.service?.p99),
    peak_in_flight: point.peakInFlight,
    new_connections: point.newConnections,
    errors_by_class: foreign(listed(point.errorsByClass)),
    hosts: foreign(listed(point.hosts)),
    state: state?.state ?? '',
    state_reason: foreign(state?.reason ?? ''),
    little_expected: state?.little?.expected ?? '',
    little_observed: state?.little?.observed ?? '',
    in_flight_slope: state?.inFlightSlope ?? '',
    contaminated: foreign(point.contaminated ?? ''),
    max_ms: fixed(response?.max),
    p50_ci_low_ms: fixed(response?.ci.p50?.[0]),
    p50_ci_high_ms: fixed(response?.ci.p50?.[1]),
    p95_ci_low_ms: fixed(response?.ci.p95?.[0]),
    p95_ci_high_ms: fixed(response?.ci.p95?.[1]),
    p99_ci_low_ms: fixed(response?.ci.p99?.[0]),
    p99_ci_high_ms: fixed(response?.ci.p99?.[1]),
    client_wait_ms: fixed(waterfall?.clientWait),
    a_ms: fixed(waterfall?.a),
    network_ms: fixed(waterfall?.network),
    b_model_ms: fixed(waterfall?.bModel),
    b_wait_ms: fixed(waterfall?.bWait),
    refused_by: listed(point.refusedBy ?? {}),
    fairness_jain: fairness?.jain ?? '',
    fairness_max_min: fairness?.maxMin ?? '',
    prompt_tokens: tokens?.prompt ?? '',
    output_tokens: tokens?.output ?? '',
    output_tokens_per_s: fixed(tokens?.outputPerSecond),
    ttft_p50_ms: fixed(stream?.ttft.p50),
    ttft_p95_ms: fixed(stream?.ttft.p95),
    itl_p50_ms: fixed(stream?.itl?.p50),
    itl_p95_ms: fixed(stream?.itl?.p95),
    tpot_p50_ms: fixed(stream?.tpot?.p50),
    tpot_p95_ms: fixed(stream?.tpot?.p95),
    a_queue_ms: fixed(waterfall?.aQueue),
    a_engine_queue_ms: fixed(waterfall?.aEngineQueue),
    a_load_ms: fixed(waterfall?.aWork?.load),
    a_prompt_ms: fixed(waterfall?.aWork?.prompt),
    a_generation_ms: fixed(waterfall?.aWork?.generation),
    b_queue_ms: fixed(waterfall?.bQueue),
    b_engine_queue_ms: fixed(waterfall?.bEngineQueue),
    b_load_ms: fixed(waterfall?.bWork?.load),
    b_prompt_ms: fixed(waterfall?.bWork?.prompt),
    b_generation_ms: fixed(waterfall?.bWork?.generation),
  };
  return stringify([SUMMARY_COLUMNS.map((column) => row[column])]);
}

/** Three decimals, as the contract has them; empty where there is no figure. */
function fixed(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(3);
}

/** Three decimals, and three digits where that is more: 0.0125 a second is not 0.013. */
function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 0.1 ? perSecond.toPrecision(3) : perSecond.toFixed(3);
}

function listed(counts: Readonly<Partial<Record<string, number>>>): string {
  return Object.entries(counts)
    .map(([key, count]) => `${key}=${count}`)
    .join(' ');
}

/** Text that came over the network must not become a formula when the file is opened in a spreadsheet. */
function foreign(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
