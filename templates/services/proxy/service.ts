import type { IncomingMessage, ServerResponse } from 'node:http';
import { asProblem, errorBody, errorHeaders, familyOf } from '../common/api/errors.ts';
import { REQUEST_ID_HEADER, requestIdOf } from '../common/api/exchange.ts';
import { readBody } from '../common/body.ts';
import { Problem } from '../common/problem.ts';
import type { Service, ServiceContext } from '../common/run-service.ts';
import { VERSION } from '../common/version.ts';
import { drainVitals } from '../common/vitals.ts';
import { Backend } from './backend.ts';
import { forward } from './forward.ts';
import { Rotation } from './rotation.ts';
import { readProxySettings } from './settings.ts';

/** Where the proxy tells about itself; everything else is passed on. */
const STATUS_PATH = '/-/proxy';

/** A round-robin HTTP proxy with health checks in front of replicas of service B. */
export function createProxy(context: ServiceContext): Service {
  const settings = readProxySettings(context.env);
  const backends = settings.backends.map((address) => new Backend(address, settings));
  const rotation = new Rotation(backends);
  const limits = { maxBytes: settings.maxBodyBytes, timeoutMs: settings.readTimeoutMs };
  for (const backend of backends) backend.start();

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.url === STATUS_PATH) {
      sendJson(outgoing, 200, {
        service: 'proxy',
        version: VERSION,
        draining: context.draining,
        ...drainVitals(context),
        in_flight: context.inFlight,
        served: backends.reduce((sum, backend) => sum + backend.served, 0),
        backends: backends.map((backend) => backend.describe()),
      });
      return;
    }
    if (context.draining)
      throw new Problem(503, 'draining: this proxy is shutting down', { 'retry-after': '1' }, { code: 'draining' });
    // Read whole before it is passed on, so that it can be given to another backend if the first is not there.
    const hasBody = incoming.headers['content-length'] !== undefined || 'transfer-encoding' in incoming.headers;
    const body = hasBody ? await readBody(incoming, outgoing, limits) : undefined;
    await tryBackends(incoming, body, outgoing);
  }

  async function tryBackends(incoming: IncomingMessage, body: Buffer | undefined, outgoing: ServerResponse) {
    const tried = new Set<Backend>();
    for (let backend = rotation.take(tried); backend; backend = rotation.take(tried)) {
      const outcome = await forward(backend, incoming, body, outgoing);
      if ('done' in outcome) return;
      if ('failed' in outcome)
        throw new Problem(502, `backend ${backend.name} failed: ${outcome.failed}`, {}, { code: 'upstream_error' });
      backend.markDown(outcome.retry);
      tried.add(backend);
    }
    const reasons = backends.filter(({ healthy }) => !healthy).map(({ name, reason }) => `${name}: ${reason}`);
    throw new Problem(
      503,
      `no healthy backend: ${reasons.join('; ')}`,
      { 'retry-after': '1' },
      { code: 'engine_unavailable' },
    );
  }

  return {
    listener(incoming, outgoing) {
      // The backend takes it over, and an answer of the proxy's own has the same.
      const id = requestIdOf(incoming);
      incoming.headers[REQUEST_ID_HEADER] = id;
      outgoing.setHeader(REQUEST_ID_HEADER, id);
      answer(incoming, outgoing).catch((error: unknown) => {
        const problem = error instanceof Problem ? error : undefined;
        if (!problem) context.warn(`defect: ${error instanceof Error ? error.stack : String(error)}`);
        if (outgoing.headersSent) outgoing.destroy();
        else {
          const told = asProblem(error);
          sendJson(outgoing, told.status, errorBody(familyOf(incoming.url ?? '/'), told), told);
        }
      });
    },
    async close() {
      for (const backend of backends) backend.close();
    },
  };
}

function sendJson(outgoing: ServerResponse, status: number, body: unknown, problem?: Problem): void {
  if (outgoing.destroyed) return;
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    ...(problem && errorHeaders(problem)),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  outgoing.end(text);
}
