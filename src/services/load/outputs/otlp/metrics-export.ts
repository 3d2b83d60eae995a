import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { MetricData, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { reasonOf } from '../../../../errors.ts';
import type { Output, OutputDeps } from '../output.ts';
import { LoadMetrics } from './load-metrics.ts';

/** Points last ten seconds or so, and are to be seen while they run. */
const INTERVAL_MS = 5000;
/** A collector that takes longer than this, repeats after a refusal included, has not taken it. */
const SEND_TIMEOUT_MS = 4000;
/** Longest wait for the last metrics; where the ones before were not taken there is little hope. */
const FLUSH_MS = 5000;
const HOPELESS_FLUSH_MS = 1000;

interface ExportOptions extends OutputDeps {
  /** Where metrics are posted to; without user name, password or query, since it is told in notes. */
  readonly url: string;
}

/**
 * Sends the metrics of a sweep every 5 s and at its end: OTLP over HTTP, in protobuf, which every collector takes. Headers
 * (`OTEL_EXPORTER_OTLP_HEADERS`), certificates and compression are read from OpenTelemetry's own environment variables by
 * its library. A collector that does not take them is told of in one note, and is otherwise none of the sweep's business:
 * every set holds all sums since the beginning, so that the next one that is taken makes up for those that were not.
 */
export function openMetricsExport({ url, version, clock, emit }: ExportOptions): Output {
  const closing = new AbortController();
  const startedAt = clock.now();
  let exporter: PushMetricExporter | undefined;
  let begun: { readonly runId: string; readonly metrics: LoadMetrics } | undefined;
  let sending = Promise.resolve();
  let failed = false;

  const tellOnce = (reason: string) => {
    if (failed) return;
    failed = true;
    const next = 'see that something takes OTLP over HTTP there (headers: OTEL_EXPORTER_OTLP_HEADERS)';
    const text = `metrics did not reach ${url}: ${reason}; the result files do not need them; ${next}`;
    emit({ type: 'note', level: 'warn', text });
  };
  const send = async () => {
    if (begun === undefined) return;
    const { runId, metrics } = begun;
    try {
      // Made in here, because a wrong setting of the library's own must not end the sweep either.
      exporter ??= new OTLPMetricExporter({ url, timeoutMillis: SEND_TIMEOUT_MS });
      await exported(exporter, version, runId, metrics.series.metricData(startedAt, clock.now()));
    } catch (error) {
      tellOnce(reasonOf(error));
    }
  };
  const keepSending = async () => {
    while (!closing.signal.aborted) {
      sending = send();
      await sending;
      await clock.sleep(INTERVAL_MS, closing.signal).catch(() => {});
    }
  };
  return {
    handle(event) {
      begun?.metrics.handle(event);
      if (event.type !== 'sweep-started') return;
      begun = { runId: event.plan.runId, metrics: new LoadMetrics(event.plan) };
      void keepSending();
    },
    openPoint: async (rate) => ({ add: (records) => begun?.metrics.add(rate, records), close: async () => {} }),
    /** Takes at most 5 s and does not throw. */
    async close() {
      closing.abort();
      const bound = failed ? HOPELESS_FLUSH_MS : FLUSH_MS;
      const flushed = new AbortController();
      const tooLong = clock.sleep(bound, flushed.signal).then(
        () => tellOnce(`the last ones were not taken within ${bound / 1000} s`),
        () => {},
      );
      await Promise.race([sending.then(send), tooLong]);
      flushed.abort();
    },
  };
}

/** @throws Error with the reason when the collector did not take it */
async function exported(exporter: PushMetricExporter, version: string, runId: string, metrics: MetricData[]) {
  const resource = resourceFromAttributes({
    'service.name': 'chainctl',
    'service.version': version,
    // Tells the series of one run from those of another that runs at the same time.
    'service.instance.id': runId,
  });
  const { promise, resolve } = Promise.withResolvers<Parameters<Parameters<PushMetricExporter['export']>[1]>[0]>();
  exporter.export({ resource, scopeMetrics: [{ scope: { name: 'chainctl', version }, metrics }] }, resolve);
  const { code, error } = await promise;
  if (code === 0) return;
  // The error of a refusal has the status as `code`, and perhaps nothing to read.
  const status = error !== undefined && 'code' in error ? error.code : undefined;
  if (typeof status === 'number') throw new Error(`it answered HTTP ${status}`);
  throw error ?? new Error('no reason given');
}
