import { type HrTime, ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { MetricFamily } from './load-metrics.ts';

/** When the sums began, and now: milliseconds since the epoch. */
interface Span {
  readonly startedAt: number;
  readonly now: number;
}

/** Sends a whole set of metrics; rejects with the reason when the collector did not take it. */
export type Send = (families: readonly MetricFamily[], span: Span) => Promise<void>;

export interface SenderOptions {
  /** Where metrics are posted to, as it is. */
  readonly url: string;
  /** Longest time for one set, its repeats after a refusal included. */
  readonly timeoutMs: number;
  readonly version: string;
  /** Tells the series of one run from those of another that runs at the same time. */
  readonly runId: string;
}

/**
 * Speaks OTLP over HTTP, in protobuf, which every collector takes. Headers (`OTEL_EXPORTER_OTLP_HEADERS`), certificates
 * and compression are read from OpenTelemetry's own environment variables by its library.
 */
export function otlpSender({ url, timeoutMs, version, runId }: SenderOptions): Send {
  const exporter = new OTLPMetricExporter({ url, timeoutMillis: timeoutMs });
  const resource = resourceFromAttributes({
    'service.name': 'chainctl',
    'service.version': version,
    'service.instance.id': runId,
  });
  return (families, span) =>
    new Promise((resolve, reject) => {
      const metrics = families.map((family) => metricData(family, span));
      const scopeMetrics = [{ scope: { name: 'chainctl', version }, metrics }];
      exporter.export({ resource, scopeMetrics }, ({ code, error }) => {
        if (code === 0) resolve();
        else reject(statusError(error));
      });
    });
}

const TYPES = {
  histogram: DataPointType.HISTOGRAM,
  counter: DataPointType.SUM,
  gauge: DataPointType.GAUGE,
} as const;

/** A metric in the library's own form; sums are cumulative, as Prometheus needs them. */
export function metricData({ kind, metric, points }: MetricFamily, { startedAt, now }: Span): MetricData {
  const { name, unit, description } = metric;
  const valueType = kind === 'counter' ? ValueType.INT : ValueType.DOUBLE;
  const times = { startTime: hrTime(startedAt), endTime: hrTime(now) };
  return {
    descriptor: { name, unit, description, valueType },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: TYPES[kind],
    dataPoints: points.map((point) => ({ ...times, ...point })),
    ...(kind === 'counter' ? { isMonotonic: true } : {}),
  } as MetricData;
}

/** The library's error of a refusal has the status as `code`, and perhaps nothing to read. */
function statusError(error: (Error & { readonly code?: unknown }) | undefined): Error {
  if (typeof error?.code === 'number') return new Error(`it answered HTTP ${error.code}`);
  return error ?? new Error('no reason given');
}

/** Seconds and nanoseconds. */
function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
