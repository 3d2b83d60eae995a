import type { EngineRun } from '../engine/engine.ts';
import type { OpenedEngine } from '../engine/open-engine.ts';
import type { Service } from '../run-service.ts';
import { VERSION } from '../version.ts';
import { chatRoutes } from './chat-routes.ts';
import { completionRoutes } from './completion-routes.ts';
import { embeddingRoutes } from './embedding-routes.ts';
import { Generator } from './generate.ts';
import { type Health, healthRoutes } from './health-routes.ts';
import { modelRoutes } from './model-routes.ts';
import { Offer } from './offer.ts';
import { ollamaRoutes } from './ollama-routes.ts';
import { anything, openApiOf } from './openapi.ts';
import { type Route, Router } from './router.ts';
import type { ApiSettings } from './settings.ts';
import { type Series, statisticsRoute } from './statistics.ts';
import type { ChatTarget } from './target.ts';
import type { WorkDeps } from './work.ts';

export interface ServiceApiOptions {
  readonly work: WorkDeps;
  readonly settings: ApiSettings;
  readonly engine: OpenedEngine['engine'];
  /** `MODELS` names what is offered of the engine. */
  readonly limited: boolean;
  /** Begins the texts of the engine's failures: `ollama`, `ollama(A)`. */
  readonly who: EngineRun['who'];
  /** One sentence: what the service does. */
  readonly description: string;
  /** Models beside those of the engine. */
  readonly targets: readonly ChatTarget[];
  readonly health: () => Promise<Health>;
  /** What /v1/statistics tells, by name; `direct` counts what the engine is asked for by the open APIs. */
  readonly statistics: Readonly<Record<string, Series>>;
  readonly direct: Series;
  /** Routes that only this service has. */
  readonly routes: readonly Route[];
}

/** The HTTP surface of A or B: what both have, and each one's own. */
export function createServiceApi(options: ServiceApiOptions): Pick<Service, 'listener' | 'onDrainTimeout'> {
  const { work, settings, engine, targets, limited, who, health } = options;
  const { service, context, admission } = work;
  const { auth } = work.settings;
  const offer = new Offer({ engine, targets, limited, who, defaultModel: settings.defaultModel });
  const generator = new Generator({ engine, admission, who, series: options.direct });
  const deps = { settings, work, offer, generator };
  const routes: Route[] = [
    ...options.routes,
    ...chatRoutes(deps),
    ...completionRoutes(deps),
    ...embeddingRoutes(deps),
    ...ollamaRoutes(deps),
    ...modelRoutes(offer, VERSION),
    statisticsRoute(options.statistics),
    ...healthRoutes(service, options.description, health),
  ];
  let document: unknown;
  routes.push({
    method: 'GET',
    path: '/openapi.json',
    open: true,
    doc: { summary: 'This document', tag: 'health', answers: { 'application/json': anything } },
    handle(exchange) {
      document ??= openApiOf(service, routes, auth.authorization !== undefined);
      exchange.json(200, document);
    },
  });
  const router = new Router({ routes, auth, cors: settings.cors, warn: (line) => context.warn(line) });
  return { listener: router.listener, onDrainTimeout: () => work.streams.cutOff() };
}
