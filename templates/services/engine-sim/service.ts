import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Service, ServiceContext } from '../common/run-service.ts';
import { VERSION } from '../common/version.ts';
import { listModels, listRunning, pullModel, showModel } from './catalog.ts';
import { Faults } from './faults.ts';
import { type Engine, handleChat, handleGenerate, requireModel } from './generate.ts';
import { EngineError, readJson, sendJson, sendText } from './http.ts';
import { ModelStore } from './models.ts';
import { ProcessorSharing, realClock } from './processor-sharing.ts';
import { Scheduler } from './scheduler.ts';
import { readSimSettings } from './settings.ts';

type Route = (incoming: IncomingMessage, outgoing: ServerResponse) => void | Promise<void>;

/** A simulated engine: Ollama's HTTP API in front of a machine that is only calculated. */
export function createEngineSim(context: ServiceContext): Service {
  const settings = readSimSettings(context.env);
  const models = new ModelStore(settings.models, settings.loadMs, settings.modelsFile);
  const scheduler = new Scheduler(settings, models, new ProcessorSharing(realClock));
  const routes = createRoutes({ settings, models, scheduler }, new Faults());

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = (incoming.url ?? '/').split('?', 1)[0] as string;
    const methods = routes.get(path);
    const route = methods?.[incoming.method === 'HEAD' ? 'GET' : (incoming.method ?? '')];
    if (!methods) return sendText(outgoing, 404, '404 page not found');
    if (!route) return sendText(outgoing, 405, '405 method not allowed');
    await route(incoming, outgoing);
  }

  return {
    listener(incoming, outgoing) {
      answer(incoming, outgoing).catch((error: unknown) => {
        const status = error instanceof EngineError ? error.status : 500;
        sendJson(outgoing, status, { error: error instanceof Error ? error.message : String(error) });
      });
    },
  };
}

function createRoutes(engine: Engine, faults: Faults): Map<string, Readonly<Record<string, Route>>> {
  const { models, scheduler, settings } = engine;
  const get = (body: () => unknown): Route => {
    return (_, outgoing) => {
      if (!faults.apply(outgoing, false)) sendJson(outgoing, 200, body());
    };
  };
  const post = (
    handle: (body: Record<string, unknown>, outgoing: ServerResponse) => void,
    generates = false,
  ): Route => {
    return async (incoming, outgoing) => {
      const body = await readJson(incoming);
      // A preload has no prompt and is no generation.
      const isGeneration = generates && (body.prompt !== undefined || body.messages !== undefined);
      if (!faults.apply(outgoing, isGeneration)) handle(body, outgoing);
    };
  };
  const remove: Route = async (incoming, outgoing) => {
    const body = await readJson(incoming);
    models.remove(requireModel(models, body.model ?? body.name).name);
    outgoing.writeHead(200).end();
  };
  return new Map<string, Readonly<Record<string, Route>>>([
    ['/', { GET: (_, outgoing) => sendText(outgoing, 200, 'Ollama is running') }],
    ['/api/version', { GET: get(() => ({ version: `${VERSION}-chainctl-simulated`, simulated: true })) }],
    ['/api/tags', { GET: get(() => listModels(models)) }],
    ['/api/ps', { GET: get(() => listRunning(models)) }],
    [
      '/api/show',
      {
        POST: post((body, outgoing) =>
          sendJson(outgoing, 200, showModel(requireModel(models, body.model ?? body.name))),
        ),
      },
    ],
    ['/api/generate', { POST: post((body, outgoing) => handleGenerate(engine, body, outgoing), true) }],
    ['/api/chat', { POST: post((body, outgoing) => handleChat(engine, body, outgoing), true) }],
    ['/api/pull', { POST: post((body, outgoing) => pullModel(models, body, settings.pullMs, outgoing)) }],
    ['/api/delete', { DELETE: remove }],
    ['/sim/stats', { GET: (_, outgoing) => sendJson(outgoing, 200, { ...scheduler.counts, simulated: true }) }],
    [
      '/sim/faults',
      {
        GET: (_, outgoing) => sendJson(outgoing, 200, faults.state),
        POST: async (incoming, outgoing) => {
          faults.set(await readJson(incoming));
          sendJson(outgoing, 200, faults.state);
        },
        DELETE: (_, outgoing) => {
          faults.clear();
          sendJson(outgoing, 200, faults.state);
        },
      },
    ],
  ]);
}
