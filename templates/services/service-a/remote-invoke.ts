import type { AnswerBuilder } from '../common/engine/answer.ts';
import type { EngineRun, TokenUsage } from '../common/engine/engine.ts';
import { exchangeStream } from '../common/engine/exchange.ts';
import { EngineFault } from '../common/engine/fault.ts';
import { JsonLines, type TakeMessage } from '../common/engine/framing.ts';
import { parseObject, plainText } from '../common/engine-error.ts';
import type { UpstreamReply } from '../common/upstream.ts';
import type { Address, Call } from './addresses/address.ts';
import { ask, detailOf } from './addresses/ask.ts';
import type { RemoteAnswer } from './pipeline/remote-step.ts';
import { StepProblem } from './pipeline/step-problem.ts';

/** One request of a step to one address. */
export interface Part {
  readonly address: Address;
  readonly call: Call;
  /** In milliseconds; of a stream to its first piece, and between two. */
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

type Json = Readonly<Record<string, unknown>>;
export type PartAnswer = Omit<RemoteAnswer, 'address' | 'attempts' | 'seconds'>;

const NOT_B = "answered with something that is not B's answer";

/** `POST /invoke`, streamed where somebody reads on. A B that knows no streams answers with one object all the same. */
export async function askInvoke(part: Part, prompt: string, run: EngineRun): Promise<PartAnswer> {
  return run.sink === undefined ? await askWhole(part, prompt, run) : await askStream(part, prompt, run);
}

async function askWhole({ address, call, timeoutMs, headers }: Part, prompt: string, run: EngineRun) {
  const reply = await ask(address, call, {
    method: 'POST',
    path: address.path,
    body: JSON.stringify({ prompt }),
    headers: { ...run.headers, ...headers },
    timeoutMs,
    scope: run.scope,
    onResend: run.onResend,
  });
  if (reply.status !== 200) throw failed(reply, run.who);
  const json = parseObject(reply.text);
  if (typeof json?.llm_text !== 'string') throw new StepProblem(502, `${run.who} error: ${NOT_B}`);
  return answerOf(json, json.llm_text, undefined);
}

async function askStream({ address, call, timeoutMs, headers }: Part, prompt: string, run: EngineRun) {
  const { who } = run;
  let json: Json | undefined;
  let isEmpty = true;
  const take = (builder: AnswerBuilder, message: Json) => {
    if (typeof message.token === 'string') {
      isEmpty &&= message.token === '';
      builder.text(message.token);
      return;
    }
    const { done: _, ...answer } = message;
    if (typeof answer.llm_text !== 'string') throw new EngineFault(NOT_B);
    if (isEmpty) builder.text(answer.llm_text);
    json = answer;
    builder.complete = true;
  };
  const exchange = {
    path: address.path,
    body: { prompt, stream: true },
    timeoutMs,
    framing: (passOn: TakeMessage) =>
      new JsonLines((text, isError) => {
        // The last line of a stream that failed tells the status that it would have had.
        if (text.startsWith('{"error"')) throw told(text, who);
        passOn(text, isError);
      }),
    take,
    redact: address.upstream.redact,
    refused: (reply: UpstreamReply) => failed(reply, who),
  };
  const upstream = { request: (request: Parameters<typeof ask>[2]) => ask(address, call, request) };
  try {
    const answer = await exchangeStream(upstream, exchange, { ...run, headers: { ...run.headers, ...headers } });
    return answerOf(json ?? {}, answer.text, answer.firstTokenSeconds);
  } catch (error) {
    if (error instanceof EngineFault || error instanceof StepProblem) call.failed(performance.now());
    throw error instanceof EngineFault ? new StepProblem(502, `${who} error: ${error.message}`) : error;
  }
}

/** The failure that an answer other than 200 is. */
export function failed(reply: UpstreamReply, who: string): StepProblem {
  return new StepProblem(reply.status === 504 ? 504 : 502, `${who} error: ${detailOf(reply)}`, reply.status);
}

function told(text: string, who: string): StepProblem {
  const status = parseObject(text)?.status;
  return failed({ text, status: typeof status === 'number' ? status : 502, headers: {} }, who);
}

function answerOf(json: Json, text: string, firstTokenSeconds: number | undefined): PartAnswer {
  return {
    text,
    reasoning: '',
    toolCalls: [],
    finishReason: 'stop',
    usage: usageOf(json.usage),
    firstTokenSeconds,
    simulated: json.simulated === true,
    json,
    model: nameOf(json.model),
    host: nameOf(json.host),
  };
}

function usageOf(usage: unknown): TokenUsage {
  const { prompt_eval_count: input, eval_count: output } = (usage ?? {}) as Json;
  return { input: countOf(input), output: countOf(output) };
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

/** What goes into answers and headers of ours. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' ? plainText(value) : undefined;
}
