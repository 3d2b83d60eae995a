import { VERSION } from '../version.ts';
import { flag, object, text } from './openapi.ts';
import type { Route } from './router.ts';

export interface Health {
  /** `/health`'s own. */
  readonly status: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
  /** Why it is not ready to serve; undefined when it is. */
  readonly reason: string | undefined;
}

const NO_STORE = { 'cache-control': 'no-store' };

/** Whether a service lives, serves, and is ready: for people, load balancers and schedulers. Open to everybody. */
export function healthRoutes(service: string, description: string, health: () => Promise<Health>): readonly Route[] {
  const named = ['/v1/health_check', '/v1/health'].map(
    (path): Route => ({
      method: 'GET',
      path,
      open: true,
      doc: {
        summary: 'Whether the service is healthy, with its name',
        tag: 'health',
        answers: {
          'application/json': object({
            'Service Title': text,
            Version: text,
            'Service Description': text,
            status: { type: 'string', enum: ['healthy', 'unhealthy'] },
          }),
        },
      },
      async handle(exchange) {
        const { reason } = await health();
        const body = {
          'Service Title': `chainctl service ${service}`,
          Version: VERSION,
          'Service Description': description,
          status: statusOf(reason),
        };
        exchange.json(200, body, NO_STORE);
      },
    }),
  );
  const body = object({ ok: flag, service: text, host: text, status: text }, { reason: text });
  return [
    {
      method: 'GET',
      path: '/health',
      open: true,
      doc: {
        summary: 'Its state and load',
        tag: 'health',
        answers: { 'application/json': body },
        otherAnswers: { 503: body },
      },
      async handle(exchange) {
        const { status, body: own, reason } = await health();
        exchange.json(status, { ...own, status: statusOf(reason) }, NO_STORE);
      },
    },
    ...named,
    {
      method: 'GET',
      path: '/live',
      open: true,
      doc: {
        summary: 'Whether the process turns',
        tag: 'health',
        answers: { 'application/json': object({ status: { type: 'string', enum: ['alive'] } }) },
      },
      handle: (exchange) => exchange.json(200, { status: 'alive' }, NO_STORE),
    },
    {
      method: 'GET',
      path: '/ready',
      open: true,
      doc: {
        summary: 'Whether it is ready for requests',
        tag: 'health',
        answers: { 'application/json': object({ status: { type: 'string', enum: ['ready'] } }) },
        otherAnswers: { 503: object({ status: { type: 'string', enum: ['not ready'] }, reason: text }) },
      },
      async handle(exchange) {
        const { reason } = await health();
        if (reason === undefined) exchange.json(200, { status: 'ready' }, NO_STORE);
        else exchange.json(503, { status: 'not ready', reason }, NO_STORE);
      },
    },
  ];
}

function statusOf(reason: string | undefined): 'healthy' | 'unhealthy' {
  return reason === undefined ? 'healthy' : 'unhealthy';
}
