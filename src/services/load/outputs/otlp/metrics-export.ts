import { reasonOf } from '../../../../errors.ts';
import type { Output, OutputDeps } from '../output.ts';
import { LoadMetrics } from './load-metrics.ts';
import { otlpSender, type Send } from './otlp-sender.ts';

/** Points last ten seconds or so, and are to be seen while they run. */
const INTERVAL_MS = 5000;
/** A collector that takes longer than this has not taken it. */
const SEND_TIMEOUT_MS = 4000;
/** Longest wait for the last metrics; where the ones before were not taken there is little hope. */
const FLUSH_MS = 5000;
const HOPELESS_FLUSH_MS = 1000;

export interface ExportOptions extends OutputDeps {
  /** Where metrics are posted to; without user name, password or query, since it is told in notes. */
  readonly url: string;
}

/**
 * Sends the metrics of a sweep every 5 s and at its end. A collector that does not take them is told of in one note,
 * and is otherwise none of the sweep's business: every set holds all sums since the beginning, so that the next one
 * that is taken makes up for those that were not.
 */
export function openMetricsExport({ url, version, clock, emit }: ExportOptions): Output {
  const metrics = new LoadMetrics();
  const closing = new AbortController();
  const startedAt = clock.now();
  let send: Send | undefined;
  let sending: Promise<void> | undefined;
  let failed = false;

  const tellOnce = (reason: string) => {
    if (failed) return;
    failed = true;
    const next = 'see that something takes OTLP over HTTP there (headers: OTEL_EXPORTER_OTLP_HEADERS)';
    const text = `metrics did not reach ${url}: ${reason}; the result files do not need them; ${next}`;
    emit({ type: 'note', level: 'warn', text });
  };
  const sendNow = async () => {
    const { plan } = metrics;
    if (plan === undefined) return;
    try {
      // Made in here, because a wrong setting of the library's own must not end the sweep either.
      send ??= otlpSender({ url, version, timeoutMs: SEND_TIMEOUT_MS, runId: plan.runId });
      await send(metrics.families(), { startedAt, now: clock.now() });
    } catch (error) {
      tellOnce(reasonOf(error));
    }
  };
  const keepSending = async () => {
    while (!closing.signal.aborted) {
      sending = sendNow();
      await sending;
      await clock.sleep(INTERVAL_MS, closing.signal).catch(() => {});
    }
  };
  return {
    handle(event) {
      metrics.handle(event);
      if (event.type === 'sweep-started') void keepSending();
    },
    openPoint: async (rate) => ({ add: (records) => metrics.add(rate, records), close: async () => {} }),
    /** Takes at most 5 s and does not throw. */
    async close() {
      closing.abort();
      const flush = async () => {
        await sending;
        await sendNow();
      };
      const bound = failed ? HOPELESS_FLUSH_MS : FLUSH_MS;
      const flushed = new AbortController();
      const tooLong = clock.sleep(bound, flushed.signal).then(
        () => tellOnce(`the last ones were not taken within ${bound / 1000} s`),
        () => {},
      );
      await Promise.race([flush(), tooLong]);
      flushed.abort();
    },
  };
}
