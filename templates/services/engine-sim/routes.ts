import type { ServerResponse } from 'node:http';
import type { ServiceContext } from '../common/run-service.ts';
import { VERSION } from '../common/version.ts';
import { drainVitals } from '../common/vitals.ts';
import { type Call, sendFailure } from './answer.ts';
import { copyModel, deleteModel, listModels, listRunning, showModel } from './catalog.ts';
import { handleEmbed, handleEmbeddings } from './embed.ts';
import { answerWithFault, type Fault, Faults, sendWhole } from './faults.ts';
import { handleChat, handleGenerate } from './generate.ts';
import { ANY, type Fields, type RequestType, readFields, requestType } from './go-types.ts';
import { JSON_TYPE, readJson, sendJson, sendNothing, sendText } from './http.ts';
import type { Journal } from './journal.ts';
import { openAiRoutes } from './openai/routes.ts';
import { pullModel } from './pull.ts';
import {
  CHAT_REQUEST,
  COPY_REQUEST,
  DELETE_REQUEST,
  EMBED_REQUEST,
  EMBEDDING_REQUEST,
  GENERATE_REQUEST,
  PULL_REQUEST,
  SHOW_REQUEST,
} from './requests.ts';
import { pathOf, type Route, type Routes } from './router.ts';
import type { Engine } from './run.ts';
import { chatWire, generateWire, type Wire } from './wire.ts';

/** The body of `/sim/faults`. */
const FAULT = requestType('Fault', { mode: ANY, count: ANY, after: ANY, path: ANY, line: ANY });

/** Ollama's paths, as far as they are simulated, and `/sim/` for who wants to see or disturb the simulation. */
export function createRoutes(engine: Engine, journal: Journal, context: ServiceContext): Routes {
  const { models, scheduler, settings } = engine;
  const faults = new Faults();
  const send = (outgoing: ServerResponse, body: unknown, fault: Fault | undefined) =>
    sendWhole(outgoing, JSON.stringify(body), JSON_TYPE, fault, ollamaFailure);
  const get = (body: () => unknown): Route => {
    return (incoming, outgoing) => {
      const fault = faults.take(pathOf(incoming), false);
      if (!fault || !answerWithFault(fault, outgoing, ollamaFailure)) send(outgoing, body(), fault);
    };
  };
  const read = (
    type: RequestType,
    handle: (request: Fields, outgoing: ServerResponse, fault: Fault | undefined) => void,
    canBreak = false,
  ): Route => {
    return async (incoming, outgoing) => {
      const request = readFields(type, await readJson(incoming, outgoing));
      const fault = faults.take(pathOf(incoming), false, canBreak);
      if (!fault || !answerWithFault(fault, outgoing, ollamaFailure)) handle(request, outgoing, fault);
    };
  };
  const generation = (type: RequestType, wireOf: (request: Fields) => Wire, handle: Generation): Route => {
    return async (incoming, outgoing) => {
      const request = readFields(type, await readJson(incoming, outgoing));
      // A preload has no prompt and is no generation.
      const isGeneration = request.prompt !== undefined || request.messages !== undefined;
      const fault = faults.take(pathOf(incoming), isGeneration);
      const wire = wireOf(request);
      if (!fault || !answerWithFault(fault, outgoing, wire.failure)) handle(engine, request, { outgoing, wire, fault });
    };
  };
  const embedding = (type: RequestType, handle: typeof handleEmbed): Route => {
    return read(
      type,
      (request, outgoing, fault) =>
        handle(engine, request, outgoing, {
          send: (body) => send(outgoing, body, fault),
          failed: (error) => sendFailure(outgoing, error, ollamaFailure, JSON_TYPE),
        }),
      true,
    );
  };
  const hello: Route = (_, outgoing) =>
    sendText(outgoing, 200, 'Ollama is running', { 'content-type': 'text/plain; charset=utf-8' });
  const version = get(() => ({ version: `${VERSION}-chainctl-simulated`, simulated: true }));
  const tags = get(() => listModels(models));
  const stats = () => ({ ...engine.counts, ...drainVitals(context), simulated: true });
  const state = (outgoing: ServerResponse) => sendJson(outgoing, 200, faults.state);
  return new Map<string, Readonly<Record<string, Route>>>([
    ['/', { HEAD: hello, GET: hello }],
    ['/api/version', { HEAD: version, GET: version }],
    ['/api/tags', { HEAD: tags, GET: tags }],
    ['/api/ps', { GET: get(() => listRunning(scheduler)) }],
    [
      '/api/show',
      {
        POST: read(SHOW_REQUEST, (request, out) =>
          sendJson(out, 200, showModel(models, request, settings.reasoningTokens > 0)),
        ),
      },
    ],
    ['/api/generate', { POST: generation(GENERATE_REQUEST, ollamaGenerate, handleGenerate) }],
    ['/api/chat', { POST: generation(CHAT_REQUEST, ollamaChat, handleChat) }],
    ['/api/embed', { POST: embedding(EMBED_REQUEST, handleEmbed) }],
    ['/api/embeddings', { POST: embedding(EMBEDDING_REQUEST, handleEmbeddings) }],
    ...openAiRoutes(engine, faults),
    ['/api/pull', { POST: read(PULL_REQUEST, (request, out) => pullModel(models, request, settings, out)) }],
    [
      '/api/copy',
      {
        POST: read(COPY_REQUEST, (request, out) => {
          copyModel(models, request);
          sendNothing(out);
        }),
      },
    ],
    [
      '/api/delete',
      {
        DELETE: read(DELETE_REQUEST, (request, out) => {
          deleteModel(models, request);
          sendNothing(out);
        }),
      },
    ],
    ['/sim/stats', { GET: (_, outgoing) => sendJson(outgoing, 200, stats()) }],
    [
      '/sim/requests',
      {
        GET: (_, outgoing) => sendJson(outgoing, 200, { requests: journal.list() }),
        DELETE: (_, outgoing) => {
          journal.clear();
          sendNothing(outgoing);
        },
      },
    ],
    [
      '/sim/faults',
      {
        GET: (_, outgoing) => state(outgoing),
        POST: async (incoming, outgoing) => {
          faults.set(readFields(FAULT, await readJson(incoming, outgoing)));
          state(outgoing);
        },
        DELETE: (_, outgoing) => {
          faults.clear();
          state(outgoing);
        },
      },
    ],
  ]);
}

type Generation = (engine: Engine, request: Fields, call: Call) => void;

const ollamaGenerate = ({ model, stream, raw }: Fields) => generateWire(nameOf(model), stream !== false, raw !== true);
const ollamaChat = ({ model, stream }: Fields) => chatWire(nameOf(model), stream !== false);
const ollamaFailure = (_: number, error: string) => JSON.stringify({ error });

function nameOf(model: unknown): string {
  return typeof model === 'string' ? model : '';
}
