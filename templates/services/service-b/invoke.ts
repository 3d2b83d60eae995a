import { object, text } from '../common/api/openapi.ts';
import { failureLine, NDJSON_HEADERS, promptRoute, TIMING, tokenLine } from '../common/api/prompt-route.ts';
import type { Route } from '../common/api/router.ts';
import type { Series } from '../common/api/statistics.ts';
import type { Call, WorkDeps, WorkResult } from '../common/api/work.ts';
import type { Delta, Engine, EngineAnswer } from '../common/engine/engine.ts';
import type { GenerateDefaults } from '../common/engine/engine-settings.ts';
import { flatTiming, workedMs } from '../common/engine-timing.ts';
import type { LeastTime } from '../common/least-time.ts';
import { firstCodePoints, type Prompt } from '../common/prompt.ts';
import { roundSeconds } from '../common/seconds.ts';

export interface InvokeOptions {
  readonly work: WorkDeps;
  readonly engine: Engine;
  readonly generate: GenerateDefaults;
  /** The model sees so many characters of a prompt. */
  readonly promptChars: number;
  readonly least: LeastTime;
  readonly series: Series;
  /** In milliseconds. */
  readonly pingMs: number;
}

const HOP = 'b';

/** `POST /invoke`: the own model answers a prompt. */
export function invokeRoute(options: InvokeOptions): Route {
  const { admission } = options.work;
  return promptRoute({
    path: '/invoke',
    summary: 'Answers a prompt',
    answer: object({
      service: text,
      model: text,
      llm_text: text,
      timing: TIMING,
      host: text,
      usage: { type: 'object' },
    }),
    deps: options.work,
    checkHope: (scope) => admission.checkHope(scope),
    work: (prompt, stream, call) => invoke(options, prompt, stream, call),
  });
}

async function invoke(options: InvokeOptions, prompt: Prompt, stream: boolean, call: Call): Promise<WorkResult> {
  const { engine, least, series, pingMs } = options;
  const { settings } = options.work;
  const { scope } = call;
  const writer = stream
    ? call.stream({
        headers: NDJSON_HEADERS,
        keepAlive: () => tokenLine(HOP, ''),
        failure: (problem) => failureLine(problem, HOP),
        pingMs,
      })
    : undefined;
  const send = writer && ((deltas: readonly Delta[]) => writer.send(deltas.map(lineOf).join('')));
  const generated = await series.run(generate(options, prompt, call, send), ({ answer, firstTokenSeconds }) => ({
    seconds: scope.elapsedSeconds(),
    firstTokenSeconds,
    inputTokens: answer.usage.input,
    outputTokens: answer.usage.output,
  }));
  const { answer, others, queueSeconds, firstTokenSeconds } = generated;
  least.record(workedMs(answer), performance.now(), others);
  // The place is free again: who only waits out the minimum keeps nobody from working.
  await scope.sleepUntil(scope.startedAt + settings.minProcessMs);
  const ollamaSeconds = roundSeconds(answer.seconds);
  const totalSeconds = roundSeconds(scope.elapsedSeconds());
  const body = {
    service: 'b',
    model: engine.ownModel,
    llm_text: answer.text,
    timing: {
      ollama_seconds: ollamaSeconds,
      total_seconds: totalSeconds,
      queue_seconds: queueSeconds,
      ...(stream && { first_token_seconds: firstTokenSeconds === undefined ? null : roundSeconds(firstTokenSeconds) }),
      ...(answer.engine && { engine: answer.engine }),
    },
    host: settings.host,
    usage: { prompt_eval_count: answer.usage.input, eval_count: answer.usage.output },
    ...(answer.simulated ? { simulated: true } : {}),
  };
  writer?.end(`${JSON.stringify({ ...body, done: true })}\n`);
  return {
    body,
    log: {
      model: engine.ownModel,
      prompt_len: prompt.length,
      ollama_seconds: ollamaSeconds,
      total_seconds: totalSeconds,
      ...flatTiming(queueSeconds, answer.engine),
    },
  };
}

interface Generated {
  readonly answer: EngineAnswer;
  /** How many others were at work beside it; who came later slowed it down, too. */
  readonly others: number;
  readonly queueSeconds: number;
  /** From the request's beginning. */
  readonly firstTokenSeconds: number | undefined;
}

async function generate(
  { engine, generate: settings, promptChars, work: { admission } }: InvokeOptions,
  prompt: Prompt,
  { scope, headers }: Call,
  sink: ((deltas: readonly Delta[]) => Promise<void> | undefined) | undefined,
): Promise<Generated> {
  const queueSeconds = roundSeconds((await admission.enter(scope)) / 1000);
  const before = scope.elapsedSeconds();
  let others = admission.active - 1;
  const order = { model: engine.ownModel, prompt: firstCodePoints(prompt.text, promptChars), ...settings };
  const answer = await engine.generate(order, { scope, who: 'ollama', headers, ...(sink && { sink }) }).finally(() => {
    others = Math.max(others, admission.active - 1);
    admission.leave();
  });
  const { firstTokenSeconds } = answer;
  return {
    answer,
    others,
    queueSeconds,
    firstTokenSeconds: firstTokenSeconds === undefined ? undefined : before + firstTokenSeconds,
  };
}

function lineOf({ text: token }: Delta): string {
  return token === undefined ? '' : tokenLine(HOP, token);
}
