import { Admission } from '../common/admission.ts';
import type { Health } from '../common/api/health-routes.ts';
import { createServiceApi } from '../common/api/service-api.ts';
import { Series } from '../common/api/statistics.ts';
import { OpenStreams, type WorkDeps } from '../common/api/work.ts';
import { engineName } from '../common/engine/failure.ts';
import { openEngine } from '../common/engine/open-engine.ts';
import { LeastTime } from '../common/least-time.ts';
import { RequestLog } from '../common/request-log.ts';
import type { Service, ServiceContext } from '../common/run-service.ts';
import { vitals } from '../common/vitals.ts';
import { invokeRoute } from './invoke.ts';
import { readSettingsB } from './settings.ts';

/** Service B: one engine behind `POST /invoke` and the open APIs. */
export function createServiceB(context: ServiceContext): Service {
  const { settings, api, promptChars, generate, engineSettings } = readSettingsB(context.env);
  const opened = openEngine(engineSettings, (line) => context.warn(line));
  const { engine, readiness } = opened;
  const least = new LeastTime();
  const admission = new Admission({ ...settings, leastMs: () => least.at(performance.now(), admission.active) });
  const log = settings.logPath ? new RequestLog({ path: settings.logPath, warn: (s) => context.warn(s) }) : undefined;
  const series = new Series(() => admission.waiting);
  const startedAt = performance.now();

  async function health(): Promise<Health> {
    const engineState = await readiness.current();
    const reason = context.draining ? 'draining' : engineState.reason;
    return {
      status: reason === undefined ? 200 : 503,
      reason,
      body: {
        ok: reason === undefined,
        service: 'b',
        host: settings.host,
        ...(reason === undefined ? {} : { reason }),
        model: engine.ownModel,
        engine: engine.kind,
        simulated: engineState.simulated,
        min_process_seconds: settings.minProcessMs / 1000,
        ...vitals(context, admission, settings, startedAt),
      },
    };
  }

  const work: WorkDeps = { service: 'b', settings, context, admission, log, streams: new OpenStreams() };
  return {
    ...createServiceApi({
      work,
      settings: api,
      engine,
      limited: engineSettings.listed.length > 0,
      who: engineName(engineSettings.kind),
      description: 'One engine, alone or as the last step of a chain.',
      targets: [],
      health,
      statistics: { b: series },
      direct: series,
      routes: [invokeRoute({ work, engine, generate, promptChars, least, series, pingMs: api.pingMs })],
    }),
    async close() {
      opened.close();
      await log?.close(2000);
    },
  };
}
