import { Admission } from '../common/admission.ts';
import type { Health } from '../common/api/health-routes.ts';
import { createServiceApi } from '../common/api/service-api.ts';
import { Series } from '../common/api/statistics.ts';
import { OpenStreams, type WorkDeps } from '../common/api/work.ts';
import { engineName } from '../common/engine/failure.ts';
import { openEngine } from '../common/engine/open-engine.ts';
import { LeastTime } from '../common/least-time.ts';
import { secretsOfUrl, toldUrl } from '../common/redact.ts';
import { RequestLog } from '../common/request-log.ts';
import type { Service, ServiceContext } from '../common/run-service.ts';
import { vitals } from '../common/vitals.ts';
import { chainRoute } from './chain-route.ts';
import { ChainRuns } from './chain-runs.ts';
import { ChainTarget } from './chain-target.ts';
import { createSideRoutes } from './page/side-routes.ts';
import { openGraph } from './pipeline/open-graph.ts';
import { RemoteWindow } from './remote-window.ts';
import { RemotesOfA } from './remotes.ts';
import { readSettingsA } from './settings.ts';

/** Service A: a graph of models behind `POST /chain`; by default its own model first, then B. */
export function createServiceA(context: ServiceContext): Service {
  const { env } = context;
  const warn = (line: string) => context.warn(line);
  const {
    settings,
    api,
    promptChars,
    defaults,
    engineSettings,
    remoteWindow: initial,
    b,
    history,
  } = readSettingsA(env);
  const opened = openEngine(engineSettings, warn, () => graph.models);
  const { engine, readiness } = opened;
  // Wider than what one B takes: a group of them takes more, and what B refuses narrows it at once.
  const window = new RemoteWindow({ initial, min: 1, max: Math.max(initial, settings.maxInFlight) });
  const remoteUrl = toldUrl(b.urls[0] ?? '');
  const remotes = new RemotesOfA({ b, window, authorization: settings.auth.authorization });
  const graph = openGraph(
    env,
    {
      engine,
      engineUrl: engineSettings.url,
      engineHeaders: engineSettings.headers,
      model: () => engine.ownModel,
      defaults,
      defaultMaxTokens: api.defaultMaxTokens,
      host: settings.host,
      remotes,
      warn,
    },
    [settings.auth.authorization, engineSettings.headers.authorization, ...b.urls.flatMap(secretsOfUrl)],
    promptChars,
  );
  // Both hops. B's queue is no business of A's, but what A has begun and B not yet answered is before whoever comes next.
  const least = new LeastTime();
  const leastMs = () => least.at(performance.now(), window.begun);
  const admission = new Admission({ ...settings, gate: window, leastMs });
  const log = settings.logPath ? new RequestLog({ path: settings.logPath, warn }) : undefined;
  const startedAt = performance.now();
  const waiting = () => admission.waiting;
  const [chain, direct] = [new Series(waiting), new Series(waiting)];
  const steps = Object.fromEntries(graph.steps.map(({ name }) => [name, new Series()]));
  const runs = new ChainRuns({ graph, admission, window, least, chain, steps });

  async function health(): Promise<Health> {
    const state = await readiness.current();
    const reason = context.draining ? 'draining' : (state.reason ?? graph.reason);
    const addresses = remotes.b?.addresses ?? [];
    return {
      // The contract has A answer 200 while it serves; whether its model does is in `ready`.
      status: context.draining ? 503 : 200,
      reason,
      body: {
        ok: !context.draining,
        service: 'a',
        remote_b: remoteUrl,
        remote_b_up: remotes.b?.up ?? null,
        model_a: engine.ownModel,
        pipeline: {
          name: graph.name,
          steps: graph.steps.map(({ name, kind }) => ({ name, kind })),
          answer: graph.leaf,
        },
        engine: engine.kind,
        host: settings.host,
        ready: reason === undefined,
        ...(reason === undefined ? {} : { reason }),
        simulated: state.simulated,
        min_process_seconds: settings.minProcessMs / 1000,
        ...vitals(context, admission, settings, startedAt),
        remote: {
          begun: window.begun,
          window: window.limit,
          held: window.held,
          ...(addresses.length > 1 && { addresses: addresses.map((address) => address.describe()) }),
        },
      },
    };
  }

  const work: WorkDeps = { service: 'a', settings, context, admission, log, streams: new OpenStreams() };
  const model = () => engine.ownModel;
  const side = createSideRoutes(history, settings, warn, async () => (await readiness.current(Infinity)).simulated);
  return side.around({
    ...createServiceApi({
      work,
      settings: api,
      engine,
      limited: engineSettings.listed.length > 0,
      who: `${engineName(engineSettings.kind)}(A)`,
      description: 'A chain of steps: its own engine first, then another service.',
      targets: [new ChainTarget(runs, Math.floor(Date.now() / 1000))],
      health,
      // A step that is called like one of A's own keys is not told of.
      statistics: Object.assign({ chain }, steps, { chain, direct }),
      direct,
      routes: [chainRoute({ deps: work, runs, graph, model, remoteUrl, pingMs: api.pingMs }), ...side.routes],
    }),
    async close() {
      graph.close();
      opened.close();
      remotes.close();
      await Promise.all([side.close(), log?.close(2000)]);
    },
  });
}
