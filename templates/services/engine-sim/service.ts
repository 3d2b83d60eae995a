import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Service, ServiceContext } from '../common/run-service.ts';
import { EngineError } from './engine-error.ts';
import { sendJson } from './http.ts';
import { Journal } from './journal.ts';
import { ModelStore } from './models.ts';
import { ProcessorSharing, realClock } from './processor-sharing.ts';
import { findRoute } from './router.ts';
import { createRoutes } from './routes.ts';
import type { Engine } from './run.ts';
import { noCounts } from './runner.ts';
import { Scheduler } from './scheduler.ts';
import { readSimSettings, type SimSettings } from './settings.ts';
import { Spread, seededRandom } from './spread.ts';

/** A simulated engine: Ollama's HTTP API in front of a machine that is only calculated. */
export function createEngineSim(context: ServiceContext): Service {
  const journal = new Journal();
  const routes = createRoutes(createEngine(readSimSettings(context.env)), journal, context);

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    await findRoute(routes, incoming, outgoing)?.(incoming, outgoing);
  }

  return {
    listener(incoming, outgoing) {
      if (!incoming.url?.startsWith('/sim/')) journal.note(incoming, outgoing);
      answer(incoming, outgoing).catch((error: unknown) => {
        const status = error instanceof EngineError ? error.status : 500;
        sendJson(outgoing, status, { error: error instanceof Error ? error.message : String(error) });
      });
    },
  };
}

function createEngine(settings: SimSettings): Engine {
  const random = seededRandom(settings.seed);
  const counts = noCounts();
  const deps = {
    settings,
    machine: new ProcessorSharing(realClock),
    // A sequence of its own: how long something takes does not change what is said.
    spread: new Spread(settings.spread, seededRandom(settings.seed + 1)),
    counts,
  };
  return {
    ...deps,
    models: new ModelStore(settings.models, settings.modelsFile),
    scheduler: new Scheduler(deps, realClock, () => Date.now()),
    clock: realClock,
    nextSeed: () => Math.floor(random() * 2 ** 32),
  };
}
