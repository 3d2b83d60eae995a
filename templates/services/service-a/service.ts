import { Admission } from '../common/admission.ts';
import { flatTiming, type GenerateSettings, type Generation, generate } from '../common/engine-client.ts';
import { EngineReadiness } from '../common/engine-readiness.ts';
import { LeastTime } from '../common/least-time.ts';
import { Problem } from '../common/problem.ts';
import { firstCodePoints, type Prompt } from '../common/prompt.ts';
import { createPromptListener, type WorkResult } from '../common/prompt-app.ts';
import { RequestLog } from '../common/request-log.ts';
import type { RequestScope } from '../common/request-scope.ts';
import type { Service, ServiceContext } from '../common/run-service.ts';
import { roundSeconds } from '../common/seconds.ts';
import { readCommonSettings, readModelSettings } from '../common/service-settings.ts';
import { Upstream } from '../common/upstream.ts';
import { vitals } from '../common/vitals.ts';
import { createSideRoutes } from './page/side-routes.ts';
import { RemoteB } from './remote-b.ts';
import { RemoteWindow } from './remote-window.ts';

const INSTRUCTION = 'Summarize the user prompt in 3 bullet points.\n\n';

/** Service A: its own model first, then B, behind `POST /chain`. */
export function createServiceA(context: ServiceContext): Service {
  const { env } = context;
  const settings = readCommonSettings(env, { minProcessSeconds: 0 });
  const { promptChars, ...options } = readModelSettings(env, { promptChars: 700, numPredict: 20, numCtx: 512 });
  const model: GenerateSettings = {
    model: env.text('OLLAMA_MODEL_A', 'tinyllama'),
    ...options,
    keepAlive: settings.keepAlive,
    timeoutMs: settings.engineTimeoutMs,
  };
  const remoteUrl = env.url('REMOTE_B_URL', 'http://host.docker.internal:8002/invoke');
  // Wider than what one B takes: a group of them takes more, and what B refuses narrows it at once.
  const initial = env.integer('REMOTE_WINDOW', 256, { min: 1, max: 100_000 });
  const window = new RemoteWindow({ initial, min: 1, max: Math.max(initial, settings.maxInFlight) });
  const remote = new RemoteB({
    url: remoteUrl,
    // Just below the 180 s for which the load generator, like the original one, waits.
    timeoutMs: env.number('REMOTE_B_TIMEOUT_SECONDS', 170, { min: 0.05, max: 86_400 }) * 1000,
    window,
    authorization: settings.auth.authorization,
  });
  const engine = new Upstream(settings.engineUrl);
  const readiness = new EngineReadiness({ ...settings, settings: model });
  // Both hops. B's queue is no business of A's, but what A has begun and B not yet answered is before whoever comes next.
  const least = new LeastTime();
  const leastMs = () => least.at(performance.now(), window.begun);
  const admission = new Admission({ ...settings, gate: window, leastMs });
  const log = settings.logPath ? new RequestLog({ path: settings.logPath, warn: (s) => context.warn(s) }) : undefined;
  const startedAt = performance.now();

  async function work(prompt: Prompt, scope: RequestScope): Promise<WorkResult> {
    const queueSeconds = roundSeconds((await admission.enter(scope)) / 1000);
    const begunAt = performance.now();
    const ahead = window.begun - 1;
    try {
      const summary = await atStage('ollama_a', summarize(prompt, scope));
      const remoteStartedAt = performance.now();
      const answer = await atStage('remote_b', remote.invoke(prompt.text, scope));
      const remoteEndedAt = performance.now();
      const remoteSeconds = roundSeconds((remoteEndedAt - remoteStartedAt) / 1000);
      least.record(remoteEndedAt - begunAt, remoteEndedAt, ahead);
      await scope.sleepUntil(scope.startedAt + settings.minProcessMs);
      const timing = {
        a_local_seconds: roundSeconds(summary.seconds),
        b_remote_seconds: remoteSeconds,
        end_to_end_seconds: roundSeconds(scope.elapsedSeconds()),
      };
      const { engine: engineTiming } = summary;
      return {
        body: {
          service: 'a',
          model_a: model.model,
          remote_b_url: remoteUrl,
          a_summary: summary.text,
          b_result: answer,
          timing: { ...timing, queue_seconds: queueSeconds, ...(engineTiming && { engine: engineTiming }) },
          host: settings.host,
          usage: summary.usage,
          ...(summary.simulated || answer.simulated === true ? { simulated: true } : {}),
        },
        log: {
          prompt_len: prompt.length,
          remote_b_url: remoteUrl,
          ...timing,
          ...flatTiming(queueSeconds, engineTiming),
        },
      };
    } finally {
      window.ended();
      admission.pump();
    }
  }

  /** Holds a place of A's model for exactly as long as the model works. */
  function summarize(prompt: Prompt, scope: RequestScope): Promise<Generation> {
    const text = firstCodePoints(INSTRUCTION + prompt.text, promptChars);
    return generate(engine, model, text, scope, 'ollama(A)').finally(() => admission.leave());
  }

  async function health() {
    const engineState = await readiness.current();
    const reason = context.draining ? 'draining' : engineState.reason;
    return {
      // The contract has A answer 200 while it serves; whether its model does is in `ready`.
      status: context.draining ? (503 as const) : (200 as const),
      body: {
        ok: !context.draining,
        service: 'a',
        remote_b: remoteUrl,
        model_a: model.model,
        host: settings.host,
        ready: reason === undefined,
        ...(reason === undefined ? {} : { reason }),
        simulated: engineState.simulated,
        ...vitals(context, admission, settings, startedAt),
        remote: { begun: window.begun, window: window.limit, held: window.held },
      },
    };
  }

  const side = createSideRoutes(env, settings, (line) => context.warn(line));
  const listener = createPromptListener({
    service: 'a',
    path: '/chain',
    settings,
    context,
    admission,
    log,
    work,
    health,
  });
  void readiness.current();
  return {
    listener: (incoming, outgoing) => {
      if (!side.answer(incoming, outgoing)) listener(incoming, outgoing);
    },
    async close() {
      engine.close();
      remote.close();
      readiness.close();
      await Promise.all([side.close(), log?.close(2000)]);
    },
  };
}

/** Says which hop a failure belongs to; the request log carries it. */
async function atStage<T>(stage: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Problem) error.stage = stage;
    throw error;
  }
}
