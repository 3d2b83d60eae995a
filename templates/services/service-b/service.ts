import { Admission } from '../common/admission.ts';
import { readEngineSettings } from '../common/engine/engine-settings.ts';
import { openEngine } from '../common/engine/open-engine.ts';
import { flatTiming, workedMs } from '../common/engine-timing.ts';
import { LeastTime } from '../common/least-time.ts';
import { firstCodePoints, type Prompt } from '../common/prompt.ts';
import { createPromptListener, type WorkResult } from '../common/prompt-app.ts';
import { RequestLog } from '../common/request-log.ts';
import type { RequestScope } from '../common/request-scope.ts';
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
  const opened = openEngine(readEngineSettings(env, ownModel, options), (line) => context.warn(line));
  const { engine, readiness } = opened;
  const { host } = settings;
  const least = new LeastTime();
  const admission = new Admission({ ...settings, leastMs: () => least.at(performance.now(), admission.active) });
  const log = settings.logPath ? new RequestLog({ path: settings.logPath, warn: (s) => context.warn(s) }) : undefined;
  const startedAt = performance.now();

  async function work(prompt: Prompt, scope: RequestScope): Promise<WorkResult> {
    const queueSeconds = roundSeconds((await admission.enter(scope)) / 1000);
    // Who came later slowed it down, too.
    let others = admission.active - 1;
    const text = firstCodePoints(prompt.text, promptChars);
    const order = { model: engine.ownModel, prompt: text, ...options };
    const generation = await engine.generate(order, { scope, who: 'ollama' }).finally(() => {
      others = Math.max(others, admission.active - 1);
      admission.leave();
    });
    least.record(workedMs(generation), performance.now(), others);
    // The place is free again: who only waits out the minimum keeps nobody from working.
    await scope.sleepUntil(scope.startedAt + settings.minProcessMs);
    const ollamaSeconds = roundSeconds(generation.seconds);
    const totalSeconds = roundSeconds(scope.elapsedSeconds());
    return {
      body: {
        service: 'b',
        model: engine.ownModel,
        llm_text: generation.text,
        timing: {
          ollama_seconds: ollamaSeconds,
          total_seconds: totalSeconds,
          queue_seconds: queueSeconds,
          ...(generation.engine && { engine: generation.engine }),
        },
        host,
        usage: { prompt_eval_count: generation.usage.input, eval_count: generation.usage.output },
        ...(generation.simulated ? { simulated: true } : {}),
      },
      log: {
        model: engine.ownModel,
        prompt_len: prompt.length,
        ollama_seconds: ollamaSeconds,
        total_seconds: totalSeconds,
        ...flatTiming(queueSeconds, generation.engine),
      },
    };
  }

  async function health() {
    const engineState = await readiness.current();
    const reason = context.draining ? 'draining' : engineState.reason;
    return {
      status: reason === undefined ? (200 as const) : (503 as const),
      body: {
        ok: reason === undefined,
        service: 'b',
        host,
        ...(reason === undefined ? {} : { reason }),
        model: engine.ownModel,
        simulated: engineState.simulated,
        ...vitals(context, admission, settings, startedAt),
      },
    };
  }

  return {
    listener: createPromptListener({ service: 'b', path: '/invoke', settings, context, admission, log, work, health }),
    async close() {
      opened.close();
      await log?.close(2000);
    },
  };
}
