import type { AnswerBuilder } from '../common/engine/answer.ts';
import type { ChatOrder, EngineAnswer, EngineRun } from '../common/engine/engine.ts';
import { exchangeStream } from '../common/engine/exchange.ts';
import { EngineFault } from '../common/engine/fault.ts';
import { EventStream, type TakeMessage } from '../common/engine/framing.ts';
import { takeChat } from '../common/engine/openai-answer.ts';
import { chatFields } from '../common/engine/openai-request.ts';
import { errorText, parseObject, plainText } from '../common/engine-error.ts';
import { Problem } from '../common/problem.ts';
import type { UpstreamReply } from '../common/upstream.ts';
import { ask, detailOf } from './addresses/ask.ts';
import { StepProblem } from './pipeline/step-problem.ts';
import { failed, nameOf, type Part, type PartAnswer } from './remote-invoke.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * `POST /v1/chat/completions`, always streamed, so that time is counted from token to token.
 * @param path undefined where the address has none
 */
export async function askChat(
  { address, call, timeoutMs, headers }: Part,
  path: string | undefined,
  order: ChatOrder,
  run: EngineRun,
): Promise<PartAnswer> {
  const { who } = run;
  if (path === undefined) throw noChats(who);
  let model: unknown;
  let told: Json = {};
  const exchange = {
    path,
    body: {
      ...(order.model !== '' && { model: order.model }),
      ...chatFields(order),
      stream: true,
      stream_options: { include_usage: true },
    },
    timeoutMs,
    framing: (passOn: TakeMessage) =>
      new EventStream((text, isError) => {
        if (text.startsWith('{"error"')) throw brokenOff(text, who);
        passOn(text, isError);
      }),
    take: (builder: AnswerBuilder, chunk: Json, bytes: number) => {
      model = chunk.model;
      if (typeof chunk.chainctl === 'object' && chunk.chainctl !== null) told = chunk.chainctl as Json;
      takeChat(builder, chunk, bytes);
    },
    last: '[DONE]',
    redact: address.upstream.redact,
    refused: (reply: UpstreamReply) => refused(reply, who),
  };
  const upstream = { request: (request: Parameters<typeof ask>[2]) => ask(address, call, request) };
  try {
    const answer = await exchangeStream(upstream, exchange, { ...run, headers: { ...run.headers, ...headers } });
    return answerOf(answer, model, told);
  } catch (error) {
    if (error instanceof EngineFault || error instanceof StepProblem) call.failed(performance.now());
    throw error instanceof EngineFault ? new StepProblem(502, `${who} error: ${error.message}`) : error;
  }
}

function answerOf(answer: EngineAnswer, model: unknown, told: Json): PartAnswer {
  const { text, usage, seconds: _, engine: __, ...rest } = answer;
  const [name, host] = [nameOf(model), nameOf(told.host)];
  const simulated = answer.simulated || told.simulated === true;
  const json = {
    service: 'b',
    model: name ?? '',
    llm_text: text,
    timing: { total_seconds: told.total_seconds, queue_seconds: told.queue_seconds },
    host: host ?? '',
    usage: { prompt_eval_count: usage.input, eval_count: usage.output },
    ...(simulated && { simulated }),
  };
  return { ...rest, text, usage, simulated, json, model: name, host };
}

/** What a chat's own fields are refused for is its caller's to mend; everything else is the other service's matter. */
function refused(reply: UpstreamReply, who: string): Problem {
  const { status, text } = reply;
  const body = parseObject(text);
  const { code, param } = (typeof body?.error === 'object' && body.error !== null ? body.error : {}) as Json;
  if (status === 400) {
    return new Problem(
      400,
      detailOf(reply),
      {},
      {
        ...(typeof code === 'string' && { code: plainText(code) }),
        ...(typeof param === 'string' && { param: plainText(param) }),
      },
    );
  }
  if ((status === 404 || status === 405) && code !== 'model_not_found') return noChats(who, status);
  return failed(reply, who);
}

function noChats(who: string, status?: number): StepProblem {
  return new StepProblem(502, `${who} error: has no /v1/chat/completions`, status);
}

/** The last event of a stream that failed. */
function brokenOff(text: string, who: string): StepProblem {
  const body = parseObject(text);
  const { code } = (typeof body?.error === 'object' && body.error !== null ? body.error : {}) as Json;
  const isLate = code === 'timeout' || code === 'deadline_exceeded';
  const said = plainText(errorText(body) ?? '') || 'reported an error without a reason';
  return new StepProblem(isLate ? 504 : 502, `${who} error: ${said}`, isLate ? 504 : 502);
}
