import type { Attributes } from '@opentelemetry/api';
import type { Event } from '../../../../events.ts';
import { defined } from '../../../defined.ts';
import { PHASE_FIGURES, type RequestRecord } from '../../engine/request-record.ts';
import { protocolOf } from '../../protocols/protocols.ts';
import { OTHER } from '../../stats/counts.ts';
import type { SweepPlan } from '../../types.ts';
import { type Amount, type Histogram, SeriesSet } from './series.ts';

/** A backend keeps every combination for long, and some of them come from the network: beyond these it is {@link OTHER}. */
const MAX_ENDINGS = 50;
const MAX_HOSTS = 100;

/** The metrics of a sweep: fed with what it says and records, read whenever they are to be sent. */
export class LoadMetrics {
  readonly series = new SeriesSet();
  readonly #points = new Map<number, PointMetrics>();
  readonly #common: Attributes;
  readonly #operation: Attributes;
  readonly #isClosed: boolean;
  readonly #offeredRate: Amount;
  readonly #sentRate: Amount;
  readonly #inFlight: Amount;

  constructor(plan: SweepPlan) {
    const { runId, tag, simulated, targetUrl } = plan;
    this.#isClosed = plan.loop === 'closed';
    const { hostname, port, protocol } = new URL(targetUrl);
    this.#common = {
      'chainctl.run_id': runId,
      'chainctl.tag': tag,
      'chainctl.simulated': simulated,
      ...(plan.loop === undefined ? {} : { 'chainctl.load.loop': plan.loop }),
      'server.address': hostname.replace(/^\[(.*)\]$/, '$1'),
      'server.port': Number(port === '' ? { 'http:': 80, 'https:': 443 }[protocol] : port),
    };
    // The conventions' names: one model asks the next, or one model completes a text.
    const { operation, provider } = protocolOf(plan);
    this.#operation = defined({
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': plan.provider ?? provider,
      'gen_ai.request.model': plan.model,
    });
    this.#offeredRate = this.series.amount('chainctl.load.offered_rate', this.#common);
    this.#sentRate = this.series.amount('chainctl.load.sent_rate', this.#common);
    this.#inFlight = this.series.amount('chainctl.load.in_flight', this.#common);
  }

  /** @param rate of the point to which they belong, requests per second */
  add(rate: number, records: readonly RequestRecord[]): void {
    const point = this.#pointOf(rate);
    for (const record of records) point.add(record);
  }

  handle(event: Event): void {
    if (event.type === 'sweep-tick') {
      const { phase, rate, sentPerSecond, inFlight } = event.tick;
      // A closed loop offers no rate.
      this.#show(phase === 'drain' || this.#isClosed ? 0 : rate, sentPerSecond, inFlight);
    }
    if (event.type !== 'point-done') return;
    this.#show(0, 0, 0);
    if (event.point.status !== 'skipped') this.#pointOf(event.point.rate).dropped.value += event.point.dropped;
  }

  #show(offered: number, sent: number, inFlight: number): void {
    this.#offeredRate.value = offered;
    this.#sentRate.value = sent;
    this.#inFlight.value = inFlight;
  }

  #pointOf(rate: number): PointMetrics {
    const known = this.#points.get(rate);
    if (known !== undefined) return known;
    const point = new PointMetrics(
      this.series,
      { ...this.#common, [this.#isClosed ? 'chainctl.point.concurrency' : 'chainctl.point.rate']: rate },
      this.#operation,
    );
    this.#points.set(rate, point);
    return point;
  }
}

/** Requests of a point that ended in the same way. */
interface Ending {
  readonly attributes: Attributes;
  readonly response: Histogram;
  readonly service: Histogram;
  /** Answers per host of B; `undefined` for those that named none. */
  readonly hosts: Map<string | undefined, Amount>;
}

/** Adds up the requests of one point. */
class PointMetrics {
  /** Requests that were due and not sent; known when the point is over. */
  readonly dropped: Amount;
  readonly #series: SeriesSet;
  readonly #own: Attributes;
  readonly #operation: Attributes;
  readonly #lateness: Histogram;
  readonly #firstChunk: Histogram;
  readonly #nextChunk: Histogram;
  readonly #perToken: Histogram;
  readonly #tokens: Readonly<Record<'input' | 'output' | 'estimated', Histogram>>;
  readonly #phases;
  readonly #endings = new Map<string, Ending>();
  readonly #hosts = new Set<string>();

  constructor(series: SeriesSet, own: Attributes, operation: Attributes) {
    this.#series = series;
    this.#own = own;
    this.#operation = { ...own, ...operation };
    this.dropped = series.amount('chainctl.load.dropped', own);
    this.#lateness = series.histogram('chainctl.load.lateness', own);
    this.#firstChunk = series.histogram('gen_ai.client.operation.time_to_first_chunk', this.#operation);
    this.#nextChunk = series.histogram('gen_ai.client.operation.time_per_output_chunk', this.#operation);
    this.#perToken = series.histogram('chainctl.load.time_per_output_token', this.#operation);
    const tokensOf = (type: string, more: Attributes = {}) =>
      series.histogram('gen_ai.client.token.usage', { ...this.#operation, 'gen_ai.token.type': type, ...more });
    const estimated = tokensOf('output', { 'chainctl.tokens.estimated': true });
    this.#tokens = { input: tokensOf('input'), output: tokensOf('output'), estimated };
    this.#phases = PHASE_FIGURES.map((figure) => {
      const [, hop, phase] = /^(.)_(.*)_seconds$/.exec(figure) ?? [];
      const attributes = { ...own, 'chainctl.hop': hop, 'chainctl.phase': phase };
      return { figure, seconds: series.histogram('chainctl.load.phase.duration', attributes) };
    });
  }

  add(record: RequestRecord): void {
    const { latenessMs, idleMs, serviceMs, ttft_ms: ttftMs } = record;
    const ending = this.#endingOf(record);
    this.#answersOf(ending, record.host).value++;
    if (latenessMs === undefined) return;
    this.#lateness.add((idleMs ?? latenessMs) / 1000);
    if (serviceMs === undefined) return;
    ending.response.add((latenessMs + serviceMs) / 1000);
    ending.service.add(serviceMs / 1000);
    if (record.outcome !== 'ok') return;
    if (record.figures !== undefined) {
      this.#addTokens(record);
      for (const { figure, seconds } of this.#phases) {
        const value = record.figures[figure];
        if (value !== undefined) seconds.add(value);
      }
    }
    if (ttftMs !== undefined) this.#firstChunk.add((latenessMs + ttftMs) / 1000);
    if (record.tpot_ms !== undefined) this.#perToken.add(record.tpot_ms / 1000);
    for (const gap of record.itl_ms ?? []) this.#nextChunk.add(gap / 1000);
  }

  #addTokens({
    figures: { prompt_tokens: input, output_tokens: output } = {},
    tokens_estimated: estimated,
  }: RequestRecord) {
    if (input !== undefined) this.#tokens.input.add(input);
    if (output !== undefined) this.#tokens[estimated === true ? 'estimated' : 'output'].add(output);
  }

  #endingOf({ outcome, class: name, status }: RequestRecord): Ending {
    const known = this.#endings.get(`${outcome} ${status} ${name}`);
    if (known !== undefined) return known;
    // Every outcome has one more place for all that is beyond the bound.
    const [errorType, code] = this.#endings.size < MAX_ENDINGS ? [name, status] : [OTHER, 0];
    const key = `${outcome} ${code} ${errorType}`;
    const error = outcome === 'ok' ? {} : { 'error.type': errorType };
    const answer = { ...(code === 0 ? {} : { 'http.response.status_code': code }), ...error };
    const http = { ...this.#own, 'http.request.method': 'POST', ...answer };
    const ending = this.#endings.get(key) ?? {
      attributes: { ...this.#own, 'chainctl.outcome': outcome, ...answer },
      response: this.#series.histogram('gen_ai.client.operation.duration', { ...this.#operation, ...error }),
      service: this.#series.histogram('http.client.request.duration', http),
      hosts: new Map(),
    };
    this.#endings.set(key, ending);
    return ending;
  }

  #answersOf({ hosts, attributes }: Ending, named: string | undefined): Amount {
    const isNew = named !== undefined && !this.#hosts.has(named);
    const host = isNew && this.#hosts.size >= MAX_HOSTS ? OTHER : named;
    if (host !== undefined) this.#hosts.add(host);
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const own = host === undefined ? {} : { 'chainctl.host': host };
    const answers = this.#series.amount('chainctl.load.requests', { ...attributes, ...own });
    hosts.set(host, answers);
    return answers;
  }
}
