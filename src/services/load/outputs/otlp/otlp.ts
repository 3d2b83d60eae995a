import { otlpFlag } from '../../../../config/flags.ts';
import type { OutputKind } from '../output.ts';

/** Metrics for a collector of OpenTelemetry. Its libraries are only loaded where they are wanted. */
export const otlp: OutputKind = {
  flags: {
    otlp: otlpFlag({
      description: 'send metrics there over HTTP (OpenTelemetry), every 5 s and at the end',
      env: 'CHAINCTL_LOAD_OTLP',
    }),
  },
  async open({ otlp: url }, deps) {
    if (typeof url !== 'string') return undefined;
    const { openMetricsExport } = await import('./metrics-export.ts');
    return openMetricsExport({ url, ...deps });
  },
};
