import type { Engine, EngineAnswer, EngineRun } from '../engine/engine.ts';
import { handOver } from '../hand-over.ts';
import type { ApiDeps } from './api-deps.ts';
import { answerHead, ChunkForm, chainctlOf, FINISH, openAiUsage, USAGE } from './chat-answer.ts';
import {
  ONE,
  OPTIONS_OF_STREAMS,
  type RawSampling,
  refuseFaults,
  SAMPLING,
  STREAM_FIELDS,
  samplingOf,
  streamOf,
} from './chat-request.ts';
import { failureEvent, logOf, SSE_HEADERS } from './chat-routes.ts';
import { namingField } from './errors.ts';
import { onlyEmpty, unsupported } from './messages.ts';
import type { Offer } from './offer.ts';
import { event, list, object, text, WORK_FAILURES } from './openapi.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';
import { MOST_TOKENS } from './settings.ts';
import type { ChatOutcome } from './target.ts';
import { type Call, handleWork, type WorkResult } from './work.ts';

/** OpenAI's own default. */
const DEFAULT_TOKENS = 16;

const REQUEST: Schema = {
  type: 'object',
  properties: {
    prompt: { anyOf: [text, { type: 'array', minItems: 1, maxItems: 1, items: text }] },
    model: text,
    suffix: text,
    max_tokens: { type: 'integer', minimum: 1, default: DEFAULT_TOKENS },
    ...SAMPLING,
    repetition_penalty: SAMPLING.repeat_penalty as Schema,
    ...STREAM_FIELDS,
    n: ONE,
    best_of: ONE,
    echo: { type: 'boolean', enum: [false], 'x-code': 'unsupported_parameter', 'x-reason': 'is not supported' },
    logprobs: unsupported(),
    logit_bias: onlyEmpty('object', 'is not supported'),
  },
  required: ['prompt'],
  allOf: [OPTIONS_OF_STREAMS],
};

const ANSWER: Schema = object({
  id: text,
  object: { type: 'string', enum: ['text_completion'] },
  created: { type: 'integer' },
  model: text,
  choices: list(
    object({ index: { type: 'integer' }, text, logprobs: { type: ['object', 'null'] }, finish_reason: FINISH }),
  ),
  usage: USAGE,
});

interface Body extends RawSampling {
  readonly prompt: string | readonly [string];
  readonly model?: string | null;
  readonly suffix?: string | null;
  readonly max_tokens?: number | null;
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
}

/** Completions of a text, by a model of the engine. */
export function completionRoutes(deps: ApiDeps): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/completions',
      doc: {
        summary: 'Goes on with a text',
        tag: 'completions',
        request: REQUEST,
        answers: { 'application/json': ANSWER, 'text/event-stream': event },
        failures: WORK_FAILURES,
      },
      handle: (exchange) =>
        handleWork(exchange, deps.work, {
          free: true,
          mostMs: deps.settings.chatTimeoutMs,
          run: (body, call) => complete(deps, body, call),
        }),
    },
  ];
}

/** Does not wait itself: it would keep the prompt until the answer has ended. */
function complete(deps: ApiDeps, raw: unknown, call: Call): Promise<WorkResult> {
  refuseFaults(REQUEST, raw);
  const body = raw as Body;
  const order = {
    prompt: typeof body.prompt === 'string' ? body.prompt : body.prompt[0],
    maxTokens: Math.min(body.max_tokens ?? DEFAULT_TOKENS, MOST_TOKENS),
    sampling: samplingOf(body),
    ...(typeof body.suffix === 'string' && { suffix: body.suffix }),
  };
  const ask = handOver(order, (given, model: string, engine: Engine, run: EngineRun) =>
    engine.complete({ model, ...given }, run),
  );
  return answer(deps, { meant: deps.offer.forEngine(body.model ?? undefined), ask, ...streamOf(body) }, call);
}

interface Begun extends ReturnType<typeof streamOf> {
  readonly meant: ReturnType<Offer['forEngine']>;
  readonly ask: (model: string, engine: Engine, run: EngineRun) => Promise<EngineAnswer>;
}

async function answer(
  { generator, settings, work }: ApiDeps,
  { meant, ask, stream, includeUsage }: Begun,
  call: Call,
): Promise<WorkResult> {
  const { scope, exchange, headers } = call;
  const { id, name } = await meant;
  const head = answerHead('cmpl', id);
  const form = new ChunkForm(head, 'text_completion', includeUsage);
  const writer = stream
    ? call.stream({
        headers: SSE_HEADERS,
        keepAlive: () => ': ping\n\n',
        failure: failureEvent,
        pingMs: settings.pingMs,
      })
    : undefined;
  const sink = writer && ((deltas: Parameters<ChunkForm['pieces']>[0]) => writer.send(form.pieces(deltas)));
  const outcome = await generator
    .generate({ scope, headers, sink }, (engine, run) => ask(name, engine, run))
    .catch((error: unknown) => {
      throw namingField(error, 'prompt');
    });
  const chainctl = chainctlOf(outcome, work.settings.host, scope.elapsedSeconds());
  writer?.end(form.end(outcome.answer, outcome.usage, chainctl));
  return {
    body: { ...head, object: 'text_completion', ...answerOf(outcome), chainctl },
    log: logOf(exchange.path, id, outcome, scope.elapsedSeconds()),
  };
}

function answerOf({ answer, usage }: ChatOutcome): Record<string, unknown> {
  const choice = { index: 0, text: answer.text, logprobs: null, finish_reason: answer.finishReason };
  return { choices: [choice], usage: openAiUsage(usage) };
}
