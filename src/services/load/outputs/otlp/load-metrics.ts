import type { Attributes } from '@opentelemetry/api';
import type { Histogram as HistogramValue } from '@opentelemetry/sdk-metrics';
import type { Event } from '../../../../events.ts';
import type { RequestRecord } from '../../engine/request-record.ts';
import { protocolOf } from '../../protocols/protocols.ts';
import type { SweepPlan, SweepTick } from '../../types.ts';
import type { Histogram } from './histogram.ts';
import {
  DROPPED,
  type HistogramMetric,
  HTTP_DURATION,
  IN_FLIGHT,
  LATENESS,
  type Metric,
  OFFERED_RATE,
  OPERATION_DURATION,
  PHASE_DURATION,
  REQUESTS,
  SENT_RATE,
  TIME_PER_OUTPUT_CHUNK,
  TIME_TO_FIRST_CHUNK,
} from './metrics.ts';
import { type Ending, PointMetrics } from './point-metrics.ts';

/** One series of a metric. */
interface Point<T> {
  readonly attributes: Attributes;
  readonly value: T;
}

/** A metric with all its series, as a sum since the beginning of the sweep (gauges: as it is now). */
export type MetricFamily =
  | { readonly kind: 'histogram'; readonly metric: HistogramMetric; readonly points: readonly Point<HistogramValue>[] }
  | { readonly kind: 'counter' | 'gauge'; readonly metric: Metric; readonly points: readonly Point<number>[] };

const IDLE = { offered: 0, sent: 0, inFlight: 0 };

/** The metrics of a sweep: fed with what it says and records, read whenever they are to be sent. */
export class LoadMetrics {
  readonly #points = new Map<number, PointMetrics>();
  #plan: SweepPlan | undefined;
  #now = IDLE;

  get plan(): SweepPlan | undefined {
    return this.#plan;
  }

  /** @param rate of the point to which they belong, requests per second */
  add(rate: number, records: readonly RequestRecord[]): void {
    this.#pointOf(rate).add(records);
  }

  handle(event: Event): void {
    if (event.type === 'sweep-started') this.#plan = event.plan;
    if (event.type === 'sweep-tick') this.#now = gaugesOf(event.tick);
    if (event.type !== 'point-done') return;
    this.#now = IDLE;
    if (event.point.status !== 'skipped') this.#pointOf(event.point.rate).dropped += event.point.dropped;
  }

  /** Nothing before the sweep has begun. */
  families(): MetricFamily[] {
    if (this.#plan === undefined) return [];
    const { run, target, operation } = attributesOf(this.#plan);
    const gauge = (metric: Metric, value: number): MetricFamily => ({
      kind: 'gauge',
      metric,
      points: [{ attributes: { ...run, ...target }, value }],
    });
    const points = [...this.#points].map(([rate, point]) => ({ point, own: { ...run, 'chainctl.point.rate': rate } }));
    const histogram = (metric: HistogramMetric, extra: Attributes, of: (point: PointMetrics) => Histogram) =>
      histogramOf(
        metric,
        points.map(({ point, own }) => ({ attributes: { ...own, ...target, ...extra }, value: of(point) })),
      );
    const perEnding = <T>(map: (ending: Ending, own: Attributes) => T) =>
      points.flatMap(({ point, own }) => point.endings.map((ending) => map(ending, own)));
    const families: MetricFamily[] = [
      histogramOf(
        OPERATION_DURATION,
        perEnding((ending, own) => ({
          attributes: { ...own, ...target, ...operation, ...errorOf(ending) },
          value: ending.response,
        })),
      ),
      histogram(TIME_TO_FIRST_CHUNK, operation, ({ firstChunk }) => firstChunk),
      histogram(TIME_PER_OUTPUT_CHUNK, operation, ({ nextChunk }) => nextChunk),
      histogramOf(
        HTTP_DURATION,
        perEnding((ending, own) => ({
          attributes: { ...own, ...target, 'http.request.method': 'POST', ...statusOf(ending), ...errorOf(ending) },
          value: ending.service,
        })),
      ),
      histogramOf(
        PHASE_DURATION,
        points.flatMap(({ point, own }) =>
          point.phases.map(({ hop, name, seconds }) => ({
            attributes: { ...own, ...target, 'chainctl.hop': hop, 'chainctl.phase': name },
            value: seconds,
          })),
        ),
      ),
      histogram(LATENESS, {}, ({ lateness }) => lateness),
      {
        kind: 'counter',
        metric: REQUESTS,
        points: perEnding((ending, own) =>
          [...ending.hosts].map(([host, value]) => ({
            attributes: {
              ...own,
              ...target,
              'chainctl.outcome': ending.outcome,
              ...statusOf(ending),
              ...errorOf(ending),
              ...(host === undefined ? {} : { 'chainctl.host': host }),
            },
            value,
          })),
        ).flat(),
      },
      {
        kind: 'counter',
        metric: DROPPED,
        points: points.map(({ point, own }) => ({ attributes: { ...own, ...target }, value: point.dropped })),
      },
      gauge(OFFERED_RATE, this.#now.offered),
      gauge(SENT_RATE, this.#now.sent),
      gauge(IN_FLIGHT, this.#now.inFlight),
    ];
    return families.filter((family) => family.points.length > 0);
  }

  #pointOf(rate: number): PointMetrics {
    const known = this.#points.get(rate);
    if (known !== undefined) return known;
    const point = new PointMetrics();
    this.#points.set(rate, point);
    return point;
  }
}

/** Series without a value are left out: only streamed answers have chunks. */
function histogramOf(metric: HistogramMetric, series: readonly Point<Histogram>[]): MetricFamily {
  const filled = series.filter(({ value }) => value.count > 0);
  return {
    kind: 'histogram',
    metric,
    points: filled.map(({ attributes, value }) => ({ attributes, value: value.value })),
  };
}

function gaugesOf({ phase, rate, sentPerSecond, inFlight }: SweepTick): typeof IDLE {
  return { offered: phase === 'drain' ? 0 : rate, sent: sentPerSecond, inFlight };
}

/** What is the same for a whole sweep. */
function attributesOf({ runId, tag, simulated, targetUrl }: SweepPlan) {
  const { hostname, port, protocol } = new URL(targetUrl);
  return {
    run: { 'chainctl.run_id': runId, 'chainctl.tag': tag, 'chainctl.simulated': simulated },
    target: {
      'server.address': hostname.replace(/^\[(.*)\]$/, '$1'),
      'server.port': Number(port === '' ? { 'http:': 80, 'https:': 443 }[protocol] : port),
    },
    // The conventions' names: one model asks the next, or one model completes a text.
    operation: { 'gen_ai.operation.name': protocolOf(targetUrl).operation },
  };
}

function errorOf({ errorType }: Ending): Attributes {
  return errorType === undefined ? {} : { 'error.type': errorType };
}

function statusOf({ status }: Ending): Attributes {
  return status === 0 ? {} : { 'http.response.status_code': status };
}
