import { stringify } from 'csv-stringify/sync';
import {
  ANSWER_FIGURES,
  type AnswerFigures,
  lateMs,
  PHASE_FIGURES,
  type RequestRecord,
  TOKEN_FIGURES,
} from '../engine/request-record.ts';
import { protocolOf } from '../protocols/protocols.ts';
import { byCount, OTHER } from '../stats/counts.ts';
import type { Limit } from '../stats/criterion.ts';
import { isGood } from '../stats/goodput.ts';
import type { HopFigures, PointSummary, SweepPlan } from '../types.ts';

type Cell = string | number;

type Columns<Of extends unknown[]> = Readonly<Record<string, (...of: Of) => Cell>>;

function figures(names: readonly (keyof AnswerFigures)[]): Columns<[RequestRecord]> {
  return Object.fromEntries(names.map((name) => [name, (record: RequestRecord) => record.figures?.[name] ?? '']));
}

/**
 * The first five are the contract's. `latency_ms` is the response time, measured from the intended time; `ttft_ms` counts
 * from the sending; `itl_ms` holds several times with blanks between them. `intended_ms` and all times count from the
 * beginning of the point's window.
 */
const REQUEST: Columns<[record: RequestRecord, rate: number, limits: readonly Limit[]]> = {
  // A closed loop has no rate that it aims at.
  rps_target: ({ idleMs }, rate) => (idleMs === undefined ? rate : 0),
  ok: ({ outcome }) => Number(outcome === 'ok'),
  status: ({ status }) => status,
  latency_ms: ({ latenessMs, serviceMs }) =>
    fixed(latenessMs === undefined || serviceMs === undefined ? undefined : latenessMs + serviceMs),
  error: ({ error }) => foreign(error),
  request: ({ index }) => index,
  intended_ms: ({ intendedMs }) => fixed(intendedMs),
  lateness_ms: (record) => fixed(record.latenessMs === undefined ? undefined : lateMs(record)),
  service_ms: ({ serviceMs }) => fixed(serviceMs),
  outcome: ({ outcome }) => outcome,
  class: (record) => foreign(record.class),
  host: ({ host = '' }) => foreign(host),
  ...figures(ANSWER_FIGURES),
  ttft_ms: (record) => fixed(record.ttft_ms),
  tpot_ms: ({ tpot_ms: tpot }) => fixed(tpot),
  itl_ms: ({ itl_ms: gaps = [] }) => gaps.map((ms) => fixed(ms)).join(' '),
  ...figures(PHASE_FIGURES),
  ttft_intended_ms: ({ ttft_ms: ttft, latenessMs }) =>
    fixed(ttft === undefined || latenessMs === undefined ? undefined : ttft + latenessMs),
  reasoning_ttft_ms: (record) => fixed(record.reasoning_ttft_ms),
  ...figures(TOKEN_FIGURES),
  finish_reason: ({ finish = '' }) => foreign(finish),
  max_tokens: (record) => record.max_tokens ?? '',
  // 0 where the target counted, 1 where events stand for tokens; empty without any count.
  tokens_estimated: ({ figures: { output_tokens: output } = {}, tokens_estimated: isEstimated }) =>
    output === undefined ? '' : Number(isEstimated === true),
  input_tokens_asked: ({ input_tokens_asked = '' }) => input_tokens_asked,
  mix: ({ mix = '' }) => mix,
  session: ({ session = '' }) => session,
  turn: ({ turn = '' }) => turn,
  // Empty without --goodput.
  good: (record, _, limits) => (limits.length === 0 ? '' : Number(isGood(limits, record))),
  // Of streamed chains: `a=12.500 b=80.100`, and `a=1.000 1.250|b=2.000`.
  hop_ttft_ms: ({ hops = [] }) => hops.map(({ name, ttft_ms: ttft }) => `${name}=${fixed(ttft)}`).join(' '),
  hop_itl_ms: ({ hops = [] }) =>
    hops.map(({ name, itl_ms: gaps }) => `${name}=${gaps.map((ms) => fixed(ms)).join(' ')}`).join('|'),
};

/**
 * The first nineteen are the contract's. `concurrency` of an open loop is the bound of requests in flight, which has no
 * other; of a closed loop what was kept open. A request that did not end counts as an error, and not as completed.
 */
const SUMMARY: Columns<[point: PointSummary, plan: SweepPlan]> = {
  run_tag: (_, { tag }) => tag,
  target_url: (_, { targetUrl }) => targetUrl,
  rps_target: ({ rate, loop }) => (loop === 'closed' ? 0 : rate),
  duration_s: ({ durationSeconds }) => Number(durationSeconds.toFixed(3)),
  timeout_s: (_, { timeoutSeconds }) => timeoutSeconds,
  drain_timeout_s: (_, { drainSeconds }) => drainSeconds,
  concurrency: ({ concurrency }, { maxInFlight }) => concurrency ?? maxInFlight,
  sent: ({ sent }) => sent,
  completed: (point) => point.sent - point.outcomes.incomplete,
  ok: ({ outcomes }) => outcomes.ok,
  errors: (point) => point.sent - point.outcomes.ok,
  ok_rps: ({ okRps }) => rate(okRps),
  err_pct: (point) => (point.sent === 0 ? 0 : (100 * (point.sent - point.outcomes.ok)) / point.sent).toFixed(2),
  avg_ms: ({ response }) => fixed(response?.mean),
  p50_ms: ({ response }) => fixed(response?.p50),
  p90_ms: ({ response }) => fixed(response?.p90),
  p95_ms: ({ response }) => fixed(response?.p95),
  p99_ms: ({ response }) => fixed(response?.p99),
  per_request_csv: ({ perRequestCsv }) => perRequestCsv,
  run_id: (_, { runId }) => runId,
  started_at: ({ startedAt }) => startedAt,
  status: ({ status }) => status,
  validity: ({ validity }) => validity,
  simulated: (_, { simulated }) => (simulated ? 1 : 0),
  scheduled: ({ scheduled }) => scheduled,
  dropped: ({ dropped }) => dropped,
  http_error: ({ outcomes }) => outcomes.http_error,
  transport_error: ({ outcomes }) => outcomes.transport_error,
  timeout: ({ outcomes }) => outcomes.timeout,
  invalid: ({ outcomes }) => outcomes.invalid,
  incomplete: ({ outcomes }) => outcomes.incomplete,
  sent_rps: ({ sentRps }) => rate(sentRps),
  served_rps: ({ servedRps }) => rate(servedRps),
  lateness_p50_ms: ({ lateness }) => fixed(lateness?.p50),
  lateness_p99_ms: ({ lateness }) => fixed(lateness?.p99),
  service_p50_ms: ({ service }) => fixed(service?.p50),
  service_p99_ms: ({ service }) => fixed(service?.p99),
  peak_in_flight: ({ peakInFlight }) => peakInFlight,
  new_connections: ({ newConnections }) => newConnections,
  errors_by_class: ({ errorsByClass }) => foreign(listed(errorsByClass)),
  hosts: ({ hosts }) => foreign(listed(hosts)),
  state: ({ state }) => state?.state ?? '',
  state_reason: ({ state }) => foreign(state?.reason ?? ''),
  little_expected: (point) => littleOf(point)?.expected ?? '',
  little_observed: (point) => littleOf(point)?.observed ?? '',
  in_flight_slope: ({ state }) => state?.inFlightSlope ?? '',
  contaminated: ({ contaminated }) => foreign(contaminated ?? ''),
  max_ms: ({ response }) => fixed(response?.max),
  p50_ci_low_ms: ({ response }) => fixed(response?.ci.p50?.[0]),
  p50_ci_high_ms: ({ response }) => fixed(response?.ci.p50?.[1]),
  p95_ci_low_ms: ({ response }) => fixed(response?.ci.p95?.[0]),
  p95_ci_high_ms: ({ response }) => fixed(response?.ci.p95?.[1]),
  p99_ci_low_ms: ({ response }) => fixed(response?.ci.p99?.[0]),
  p99_ci_high_ms: ({ response }) => fixed(response?.ci.p99?.[1]),
  client_wait_ms: ({ waterfall }) => fixed(waterfall?.clientWait),
  a_ms: ({ waterfall }) => fixed(waterfall?.a),
  network_ms: ({ waterfall }) => fixed(waterfall?.network),
  b_model_ms: ({ waterfall }) => fixed(waterfall?.bModel),
  b_wait_ms: ({ waterfall }) => fixed(waterfall?.bWait),
  refused_by: ({ refusedBy }) => listed(refusedBy ?? {}),
  fairness_jain: ({ fairness }) => fairness?.jain ?? '',
  fairness_max_min: ({ fairness }) => fairness?.maxMin ?? '',
  prompt_tokens: ({ tokens }) => tokens?.prompt ?? '',
  output_tokens: ({ tokens }) => tokens?.output ?? '',
  output_tokens_per_s: ({ tokens }) => fixed(tokens?.outputPerSecond),
  ttft_p50_ms: ({ stream }) => fixed(stream?.ttft?.p50),
  ttft_p95_ms: ({ stream }) => fixed(stream?.ttft?.p95),
  itl_p50_ms: ({ stream }) => fixed(stream?.itl?.p50),
  itl_p95_ms: ({ stream }) => fixed(stream?.itl?.p95),
  tpot_p50_ms: ({ stream }) => fixed(stream?.tpot?.p50),
  tpot_p95_ms: ({ stream }) => fixed(stream?.tpot?.p95),
  a_queue_ms: ({ waterfall }) => fixed(waterfall?.aQueue),
  a_engine_queue_ms: ({ waterfall }) => fixed(waterfall?.aEngineQueue),
  a_load_ms: ({ waterfall }) => fixed(waterfall?.aWork?.load),
  a_prompt_ms: ({ waterfall }) => fixed(waterfall?.aWork?.prompt),
  a_generation_ms: ({ waterfall }) => fixed(waterfall?.aWork?.generation),
  b_queue_ms: ({ waterfall }) => fixed(waterfall?.bQueue),
  b_engine_queue_ms: ({ waterfall }) => fixed(waterfall?.bEngineQueue),
  b_load_ms: ({ waterfall }) => fixed(waterfall?.bWork?.load),
  b_prompt_ms: ({ waterfall }) => fixed(waterfall?.bWork?.prompt),
  b_generation_ms: ({ waterfall }) => fixed(waterfall?.bWork?.generation),
  ok_after_window: ({ okAfterWindow = 0 }) => okAfterWindow,
  good: ({ good }) => good?.count ?? '',
  good_rps: ({ good }) => (good === undefined ? '' : rate(good.rps)),
  good_pct: ({ good }) => (good === undefined ? '' : (100 * good.share).toFixed(2)),
  p999_ms: ({ response }) => fixed(response?.p999),
  // Empty where the sample does not carry the percentile.
  p50_upper_ms: ({ response }) => fixed(response?.upper?.p50),
  p90_upper_ms: ({ response }) => fixed(response?.upper?.p90),
  p95_upper_ms: ({ response }) => fixed(response?.upper?.p95),
  p99_upper_ms: ({ response }) => fixed(response?.upper?.p99),
  p999_upper_ms: ({ response }) => fixed(response?.upper?.p999),
  ttft_p50_upper_ms: ({ stream }) => fixed(stream?.ttft?.upper?.p50),
  ttft_p95_upper_ms: ({ stream }) => fixed(stream?.ttft?.upper?.p95),
  ttft_p99_upper_ms: ({ stream }) => fixed(stream?.ttft?.upper?.p99),
  loop: ({ loop = 'open' }) => loop,
  sessions_complete: ({ sessions }) => sessions?.complete ?? '',
  sessions_broken: ({ sessions }) => sessions?.broken ?? '',
  sessions_cut: ({ sessions }) => sessions?.cut ?? '',
  ttft_p90_ms: ({ stream }) => fixed(stream?.ttft?.p90),
  ttft_p99_ms: ({ stream }) => fixed(stream?.ttft?.p99),
  ttft_sent_p50_ms: ({ stream }) => fixed(stream?.ttftSent?.p50),
  ttft_sent_p95_ms: ({ stream }) => fixed(stream?.ttftSent?.p95),
  ttft_sent_p99_ms: ({ stream }) => fixed(stream?.ttftSent?.p99),
  itl_p99_ms: ({ stream }) => fixed(stream?.itl?.p99),
  tpot_p99_ms: ({ stream }) => fixed(stream?.tpot?.p99),
  input_tokens_per_s: ({ tokens }) => fixed(tokens?.promptPerSecond),
  total_tokens_per_s: ({ tokens }) =>
    fixed(tokens?.promptPerSecond === undefined ? undefined : tokens.promptPerSecond + tokens.outputPerSecond),
  reasoning_tokens: ({ tokens }) => tokens?.reasoning ?? '',
  tokens_estimated_pct: ({ tokens }) =>
    tokens?.answers === undefined ? '' : ((100 * (tokens.estimated ?? 0)) / tokens.answers).toFixed(2),
  truncated: ({ stream, errorsByClass }) => (stream === undefined ? '' : (errorsByClass['truncated-stream'] ?? 0)),
  no_done: ({ stream }) => (stream?.answers === undefined ? '' : (stream.withoutDone ?? 0)),
  cached_tokens: ({ tokens }) => tokens?.cached ?? '',
  reasoning_ttft_p50_ms: ({ stream }) => fixed(stream?.reasoningTtft?.p50),
  reasoning_ttft_p99_ms: ({ stream }) => fixed(stream?.reasoningTtft?.p99),
  arrived_tokens_per_s: ({ tokens }) => fixed(tokens?.arrivedPerSecond),
  user_tokens_per_s_p50: ({ stream }) => fixed(stream?.perUser?.p50),
  user_tokens_per_s_p1: ({ stream }) => fixed(stream?.perUser?.p1),
  events_per_read: ({ stream }) => fixed(stream?.eventsPerRead),
  one_read: ({ stream }) => (stream?.answers === undefined ? '' : (stream.oneRead ?? 0)),
  error_texts: (point) => foreign(errorTexts(point)),
  models: ({ models }) => foreign(listed(models ?? {})),
  certain_upper_ms: ({ certainty }) => fixed(certainty?.upper),
  certain: ({ certainty }) => (certainty === undefined ? '' : Number(certainty.reached)),
  retried: ({ retried }) => retried ?? 0,
  api: (_, plan) => protocolOf(plan).name,
  model: (_, { model = '' }) => foreign(model),
  min_ms: ({ response }) => fixed(response?.min),
  ttft_avg_ms: ({ stream }) => fixed(stream?.ttft?.mean),
  itl_avg_ms: ({ stream }) => fixed(stream?.itl?.mean),
  tpot_avg_ms: ({ stream }) => fixed(stream?.tpot?.mean),
  hop_ttft_p50_ms: (point) => ofHops(point, ({ ttft }) => ttft.p50),
  hop_ttft_p95_ms: (point) => ofHops(point, ({ ttft }) => ttft.p95),
  hop_ttft_p99_ms: (point) => ofHops(point, ({ ttft }) => ttft.p99),
  hop_itl_p50_ms: (point) => ofHops(point, ({ itl }) => itl?.p50),
  hop_itl_p95_ms: (point) => ofHops(point, ({ itl }) => itl?.p95),
  hop_itl_p99_ms: (point) => ofHops(point, ({ itl }) => itl?.p99),
};

export const REQUEST_HEADER = stringify([Object.keys(REQUEST)]);
export const SUMMARY_HEADER = stringify([Object.keys(SUMMARY)]);

/** Rows of the per-request file. @param limits of `--goodput` */
export function requestRows(rate: number, records: readonly RequestRecord[], limits: readonly Limit[] = []): string {
  const cells = Object.values(REQUEST);
  return stringify(records.map((record) => cells.map((cell) => cell(record, rate, limits))));
}

export function summaryRow(plan: SweepPlan, point: PointSummary): string {
  return stringify([Object.values(SUMMARY).map((cell) => cell(point, plan))]);
}

/** `a=12.500 b=80.100`, the steps that have the figure. */
function ofHops({ stream }: PointSummary, of: (hop: HopFigures) => number | undefined): string {
  const told = (stream?.hops ?? []).map((hop) => [hop.name, of(hop)] as const);
  return told.flatMap(([name, ms]) => (ms === undefined ? [] : [`${name}=${fixed(ms)}`])).join(' ');
}

function littleOf({ state, little }: PointSummary) {
  return state?.little ?? little;
}

/** Three decimals, as the contract has them; empty where there is no figure. */
function fixed(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(3);
}

/** Three decimals, and three digits where that is more: 0.0125 a second is not 0.013. */
function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 0.1 ? perSecond.toPrecision(3) : perSecond.toFixed(3);
}

/** Names that a cell lists; what is left stands under {@link OTHER}. */
const MOST_LISTED = 50;

function listed(counts: Readonly<Partial<Record<string, number>>>): string {
  const all = byCount(Object.entries(counts).map(([name, count = 0]) => [name, count]));
  const left = all.splice(MOST_LISTED).reduce((sum, [, count]) => sum + count, 0);
  return [...all, ...(left > 0 ? [[OTHER, left]] : [])].map(([key, count]) => `${key}=${count}`).join(' ');
}

/** `429: slow down x 20; no quota x 3 | 404: no such model`, most first. */
function errorTexts({ errorsByClass, errorTexts: firsts = {}, otherTexts = {} }: PointSummary): string {
  const classes = Object.keys(errorsByClass).filter((name) => firsts[name] !== undefined);
  const said = (name: string) =>
    otherTexts[name]?.texts.map(({ text, count }) => `${text} x ${count}`).join('; ') ?? firsts[name];
  return classes.map((name) => `${name}: ${said(name)}`).join(' | ');
}

/** Text that came over the network must not become a formula when the file is opened in a spreadsheet. */
export function foreign(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
