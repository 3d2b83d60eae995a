import { handOver } from '../hand-over.ts';
import type { Problem } from '../problem.ts';
import { roundSeconds } from '../seconds.ts';
import type { ApiDeps } from './api-deps.ts';
import { answerHead, CHAT_COMPLETION, ChunkForm, chainctlOf, chatCompletion } from './chat-answer.ts';
import { type ChatRequest, chatSchema, exampleServiceSchema, readChat } from './chat-request.ts';
import { apiError } from './errors.ts';
import type { Generator } from './generate.ts';
import type { Offer } from './offer.ts';
import { event, WORK_FAILURES } from './openapi.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';
import type { ChatCall, ChatOutcome, StepProgress } from './target.ts';
import { type Call, handleWork, type WorkResult } from './work.ts';

export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
};

/** Whoever sends it is told in a stream which step works. The head leaves with that, so what fails then is an event. */
const PROGRESS_HEADER = 'x-chainctl-progress';

/** Chats in OpenAI's form. */
export function chatRoutes(deps: ApiDeps): readonly Route[] {
  const { kind } = deps.generator.options.engine;
  return [
    chatRoute(deps, '/v1/chat/completions', 'Answers a conversation', chatSchema(kind)),
    chatRoute(deps, '/v1/example-service', 'Answers a conversation or a text', exampleServiceSchema(kind)),
  ];
}

function chatRoute(deps: ApiDeps, path: string, summary: string, schema: Schema): Route {
  const { settings, work, generator } = deps;
  return {
    method: 'POST',
    path,
    doc: {
      summary,
      tag: 'chat',
      request: schema,
      answers: { 'application/json': CHAT_COMPLETION, 'text/event-stream': event },
      headers: ['x-chainctl-trimmed'],
      failures: WORK_FAILURES,
    },
    handle: (exchange) =>
      handleWork(exchange, work, {
        free: true,
        mostMs: settings.chatTimeoutMs,
        run(body, call) {
          const { ask, model, ...form } = readChat(schema, body, generator.options.engine.kind, settings);
          return chat(deps, beginChat(deps.offer, generator, { ask, model }), form, call);
        },
      }),
  };
}

/** Waits for the answer: what was asked is not for it to keep. */
async function chat(
  { settings, work }: ApiDeps,
  begun: Promise<BegunChat>,
  request: Omit<ChatRequest, 'ask' | 'model'>,
  call: Call,
): Promise<WorkResult> {
  const { scope, exchange } = call;
  const headers = trimmedHeaders(request);
  const begin = await begun;
  const head = answerHead('chatcmpl', begin.id);
  const chainctl = (outcome: ChatOutcome) => chainctlOf(outcome, work.settings.host, scope.elapsedSeconds());
  if (!request.stream) {
    const outcome = await begin.run({ scope, headers: call.headers, sink: undefined });
    return {
      body: chatCompletion(head, outcome, chainctl(outcome)),
      headers,
      log: logOf(exchange.path, head.model, outcome, scope.elapsedSeconds()),
    };
  }
  const form = new ChunkForm(head, 'chat.completion.chunk', request.includeUsage);
  const writer = call.stream({
    headers: { ...SSE_HEADERS, ...headers },
    keepAlive: () => form.role() || ': ping\n\n',
    failure: failureEvent,
    pingMs: settings.pingMs,
  });
  const onStep = (step: StepProgress) => void writer.send(form.role() + form.step(step));
  const outcome = await begin.run({
    scope,
    headers: call.headers,
    sink: (deltas) => writer.send(form.pieces(deltas)),
    onStep: exchange.incoming.headers[PROGRESS_HEADER] === undefined ? undefined : onStep,
  });
  writer.end(form.end(outcome.answer, outcome.usage, chainctl(outcome)));
  return { log: logOf(exchange.path, head.model, outcome, scope.elapsedSeconds()) };
}

export interface BegunChat {
  /** Of the model, as the answer tells it. */
  readonly id: string;
  /** Once. */
  run(call: ChatCall): Promise<ChatOutcome>;
}

/** Which model is asked, and how; the conversation is kept no longer than that takes. Rejects before anything has begun. */
export async function beginChat(
  offer: Offer,
  generator: Generator,
  { ask, model }: Pick<ChatRequest, 'ask' | 'model'>,
): Promise<BegunChat> {
  const meant = await offer.forChat(model);
  if ('chat' in meant) return { id: meant.id, run: handOver(ask, (given, call) => meant.chat(given, call)) };
  const order = { ...ask.order, model: meant.name, messages: ask.messages };
  return {
    id: meant.id,
    run: handOver(order, (given, call) =>
      generator.generate(
        call,
        handOver(given, (last, engine, run) => engine.chat(last, run)),
      ),
    ),
  };
}

export function trimmedHeaders({ dropped }: Pick<ChatRequest, 'dropped'>): Readonly<Record<string, string>> {
  return dropped === 0 ? {} : { 'x-chainctl-trimmed': String(dropped) };
}

/** The last event of a stream that fails after its head. */
export function failureEvent(problem: Problem): string {
  return `data: ${JSON.stringify({ error: apiError(problem), detail: problem.message })}\n\n`;
}

/** What the log keeps of an answer. */
export function logOf(
  route: string,
  model: string,
  outcome: ChatOutcome,
  totalSeconds: number,
): Record<string, unknown> {
  const { usage, queueSeconds, firstTokenSeconds } = outcome;
  return {
    route,
    model,
    input_tokens: usage.input,
    output_tokens: usage.output,
    queue_seconds: roundSeconds(queueSeconds),
    ...(firstTokenSeconds !== undefined && { first_token_seconds: roundSeconds(firstTokenSeconds) }),
    total_seconds: roundSeconds(totalSeconds),
  };
}
