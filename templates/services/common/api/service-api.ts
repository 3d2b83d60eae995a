import type { Service } from '../run-service.ts';
import type { Cors } from './cors.ts';
import { type Health, healthRoutes } from './health-routes.ts';
import { openApiOf } from './openapi.ts';
import { type Route, Router } from './router.ts';
import type { WorkDeps } from './work.ts';

export interface ServiceApiOptions {
  readonly deps: WorkDeps;
  readonly cors: Cors;
  /** One sentence: what the service does. */
  readonly description: string;
  readonly health: () => Promise<Health>;
  /** Routes that only this service has. */
  readonly routes: readonly Route[];
}

/** The HTTP surface of A or B: what both have, and each one's own. */
export function createServiceApi(options: ServiceApiOptions): Pick<Service, 'listener' | 'onDrainTimeout'> {
  const { deps, cors, description, health } = options;
  const { auth } = deps.settings;
  const routes = [...options.routes, ...healthRoutes(deps.service, description, health)];
  let document: unknown;
  routes.push({
    method: 'GET',
    path: '/openapi.json',
    open: true,
    doc: undefined,
    handle(exchange) {
      document ??= openApiOf(deps.service, routes, auth.authorization !== undefined);
      exchange.json(200, document);
    },
  });
  const router = new Router({ routes, auth, cors, warn: (line) => deps.context.warn(line) });
  return { listener: router.listener, onDrainTimeout: () => deps.streams.cutOff() };
}
