import { Admission } from '../common/admission.ts';
import { readCors } from '../common/api/cors.ts';
import type { Health } from '../common/api/health-routes.ts';
import { object, text } from '../common/api/openapi.ts';
import { failureLine, NDJSON_HEADERS, promptRoute, TIMING, tokenLine } from '../common/api/prompt-route.ts';
import { createServiceApi } from '../common/api/service-api.ts';
import { type Call, OpenStreams, type WorkDeps, type WorkResult } from '../common/api/work.ts';
import { readEngineSettings } from '../common/engine/engine-settings.ts';
import { openEngine } from '../common/engine/open-engine.ts';
import { flatTiming, workedMs } from '../common/engine-timing.ts';
import { LeastTime } from '../common/least-time.ts';
import { firstCodePoints, type Prompt } from '../common/prompt.ts';
import { RequestLog } from '../common/request-log.ts';
import type { Service, ServiceContext } from '../common/run-service.ts';
import { roundSeconds } from '../common/seconds.ts';
import { readCommonSettings, readModelSettings } from '../common/service-settings.ts';
import { vitals } from '../common/vitals.ts';

/** Service B: one model behind `POST /invoke`. */
export function createServiceB(context: ServiceContext): Service {
  const { env } = context;
  const settings = readCommonSettings(env, { minProcessSeconds: 5 });
  const { promptChars, ...options } = readModelSettings(env, { promptChars: 1200, numPredict: 40, numCtx: 1024 });
  const ownModel = { variable: 'OLLAMA_MODEL', fallback: 'phi3:mini' };
  const { engine, readiness } = openEngine(readEngineSettings(env, ownModel, options));
  const { host } = settings;
  const least = new LeastTime();
  const admission = new Admission({ ...settings, leastMs: () => least.at(performance.now(), admission.active) });
  const log = settings.logPath ? new RequestLog({ path: settings.logPath, warn: (s) => context.warn(s) }) : undefined;
  const startedAt = performance.now();

  async function work(prompt: Prompt, stream: boolean, call: Call): Promise<WorkResult> {
    const { scope } = call;
    const writer = stream ? openStream(call) : undefined;
    const queueSeconds = roundSeconds((await admission.enter(scope)) / 1000);
    // Who came later slowed it down, too.
    let others = admission.active - 1;
    const text = firstCodePoints(prompt.text, promptChars);
    const order = { model: engine.ownModel, prompt: text, ...options };
    const generation = await engine.generate(order, { scope, who: 'ollama' }).finally(() => {
      others = Math.max(others, admission.active - 1);
      admission.leave();
    });
    const firstTokenSeconds = roundSeconds(scope.elapsedSeconds());
    void writer?.send(tokenLine('b', generation.text));
    least.record(workedMs(generation), performance.now(), others);
    // The place is free again: who only waits out the minimum keeps nobody from working.
    await scope.sleepUntil(scope.startedAt + settings.minProcessMs);
    const ollamaSeconds = roundSeconds(generation.seconds);
    const totalSeconds = roundSeconds(scope.elapsedSeconds());
    const body = {
      service: 'b',
      model: engine.ownModel,
      llm_text: generation.text,
      timing: {
        ollama_seconds: ollamaSeconds,
        total_seconds: totalSeconds,
        queue_seconds: queueSeconds,
        ...(stream && { first_token_seconds: firstTokenSeconds }),
        ...(generation.engine && { engine: generation.engine }),
      },
      host,
      usage: { prompt_eval_count: generation.usage.input, eval_count: generation.usage.output },
      ...(generation.simulated ? { simulated: true } : {}),
    };
    writer?.end(`${JSON.stringify({ ...body, done: true })}\n`);
    return {
      body,
      log: {
        model: engine.ownModel,
        prompt_len: prompt.length,
        ollama_seconds: ollamaSeconds,
        total_seconds: totalSeconds,
        ...flatTiming(queueSeconds, generation.engine),
      },
    };
  }

  function openStream(call: Call) {
    return call.stream({
      headers: NDJSON_HEADERS,
      keepAlive: () => tokenLine('b', ''),
      failure: (problem) => failureLine(problem, 'b'),
      pingMs: 15_000,
    });
  }

  async function health(): Promise<Health> {
    const engineState = await readiness.current();
    const reason = context.draining ? 'draining' : engineState.reason;
    return {
      status: reason === undefined ? 200 : 503,
      reason,
      body: {
        ok: reason === undefined,
        service: 'b',
        host,
        ...(reason === undefined ? {} : { reason }),
        model: engine.ownModel,
        simulated: engineState.simulated,
        min_process_seconds: settings.minProcessMs / 1000,
        ...vitals(context, admission, settings, startedAt),
      },
    };
  }

  const deps: WorkDeps = { service: 'b', settings, context, admission, log, streams: new OpenStreams() };
  const invoke = promptRoute({
    path: '/invoke',
    summary: 'Answers a prompt',
    answer: object({ service: text, model: text, llm_text: text, timing: TIMING, host: text }),
    deps,
    work,
    checkHope: (scope) => admission.checkHope(scope),
  });
  // Asked once at the start, so that the model is being loaded before anybody looks at /health.
  void readiness.current();
  return {
    ...createServiceApi({ deps, cors: readCors(env), description: 'One model.', health, routes: [invoke] }),
    async close() {
      engine.close();
      readiness.close();
      await log?.close(2000);
    },
  };
}
