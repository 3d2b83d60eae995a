import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Call, sendFailure } from '../answer.ts';
import type { EmbedReply } from '../embed.ts';
import { EngineError } from '../engine-error.ts';
import { answerWithFault, type Fault, type Faults, sendWhole } from '../faults.ts';
import { type Fields, mapOf, textOf } from '../fields.ts';
import { handleChat, handleGenerate } from '../generate.ts';
import { type RequestType, readFields } from '../go-types.ts';
import { BARE_JSON_TYPE, JSON_TYPE, readJson, sendBody } from '../http.ts';
import { nameInPath, pathOf, type Route } from '../router.ts';
import type { Engine } from '../run.ts';
import type { Wire } from '../wire.ts';
import { fromChatRequest, fromCompletionRequest } from './convert.ts';
import { checkEmbeddings, handleEmbeddingsV1 } from './embeddings.ts';
import { listOpenAiModels, openAiModel } from './models.ts';
import { CHAT_COMPLETION_REQUEST, COMPLETION_REQUEST, EMBEDDINGS_REQUEST, RERANK_REQUEST } from './requests.ts';
import { handleRerank } from './rerank.ts';
import { chatCompletionWire, completionWire, lateError, refusal, type StreamWish } from './wire.ts';

type Methods = Readonly<Record<string, Route>>;
type Generation = (engine: Engine, request: Fields, call: Call) => void;
type Embedding = (engine: Engine, request: Fields, outgoing: ServerResponse, end: EmbedReply) => void;

/** The paths of OpenAI's API, as Ollama has them: a translation of its own routes. And `/v1/rerank`, which it has not. */
export function openAiRoutes(engine: Engine, faults: Faults): [path: string, methods: Methods][] {
  const get = (body: (incoming: IncomingMessage) => unknown): Route => {
    return (incoming, outgoing) => {
      const fault = faults.take(pathOf(incoming), false);
      if (fault && answerWithFault(fault, outgoing, failure)) return;
      guarded(outgoing, () => sendOk(outgoing, body(incoming), fault));
    };
  };
  const generation = (
    type: RequestType,
    convert: (request: Fields) => Fields,
    wireOf: (wish: StreamWish) => Wire,
    handle: Generation,
  ): Route => {
    return async (incoming, outgoing) => {
      const request = await readRequest(type, incoming, outgoing, convert);
      if (request === undefined) return;
      const { stream_options, model } = request.given;
      const wish = {
        model: textOf(model),
        streamed: request.converted.stream === true,
        withUsage: mapOf(stream_options).include_usage === true,
      };
      const wire = wireOf(wish);
      const fault = faults.take(pathOf(incoming), true);
      if (fault && answerWithFault(fault, outgoing, wire.failure)) return;
      guarded(outgoing, () => handle(engine, request.converted, { outgoing, wire, fault }));
    };
  };
  const embedding = (type: RequestType, check: (request: Fields) => void, handle: Embedding): Route => {
    return async (incoming, outgoing) => {
      const request = await readRequest(type, incoming, outgoing, (given) => {
        check(given);
        return given;
      });
      if (request === undefined) return;
      const fault = faults.take(pathOf(incoming), false);
      if (fault && answerWithFault(fault, outgoing, failure)) return;
      const end: EmbedReply = {
        send: (body) => sendOk(outgoing, body, fault),
        failed: (error) => sendLate(outgoing, error),
      };
      guarded(outgoing, () => handle(engine, request.given, outgoing, end));
    };
  };
  return [
    [
      '/v1/chat/completions',
      { POST: generation(CHAT_COMPLETION_REQUEST, fromChatRequest, chatCompletionWire, handleChat) },
    ],
    [
      '/v1/completions',
      { POST: generation(COMPLETION_REQUEST, fromCompletionRequest, completionWire, handleGenerate) },
    ],
    ['/v1/embeddings', { POST: embedding(EMBEDDINGS_REQUEST, checkEmbeddings, handleEmbeddingsV1) }],
    ['/v1/rerank', { POST: embedding(RERANK_REQUEST, () => {}, handleRerank) }],
    ['/v1/models', { GET: get(() => listOpenAiModels(engine.models)) }],
    ['/v1/models/:name', { GET: get((incoming) => openAiModel(engine.models, nameInPath(incoming))) }],
  ];
}

const failure: Wire['failure'] = (_, message) => lateError(message);

/** A request, and what it is in Ollama's form; undefined once it has been refused, as Ollama refuses before it translates. */
async function readRequest(
  type: RequestType,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  convert: (request: Fields) => Fields,
): Promise<{ given: Fields; converted: Fields } | undefined> {
  try {
    const given = readFields(type, await readJson(incoming, outgoing, 'EOF'));
    return { given, converted: convert(given) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    sendBody(outgoing, error.status, refusal(error.status, error.message), JSON_TYPE);
    return undefined;
  }
}

/** What is found wrong behind the translation. */
function guarded(outgoing: ServerResponse, act: () => void): void {
  try {
    act();
  } catch (error) {
    sendLate(outgoing, error);
  }
}

function sendLate(outgoing: ServerResponse, error: unknown): void {
  sendFailure(outgoing, error, failure, BARE_JSON_TYPE);
}

function sendOk(outgoing: ServerResponse, body: unknown, fault: Fault | undefined): void {
  sendWhole(outgoing, JSON.stringify(body), BARE_JSON_TYPE, fault, failure);
}
