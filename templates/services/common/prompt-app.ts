import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Admission } from './admission.ts';
import { parseJsonBody, readBody } from './body.ts';
import { overloaded, Problem } from './problem.ts';
import { type Prompt, validatePrompt } from './prompt.ts';
import type { RequestLog } from './request-log.ts';
import { RequestScope, TIMEOUT_HEADER } from './request-scope.ts';
import type { ServiceContext } from './run-service.ts';
import type { CommonSettings } from './service-settings.ts';

/** What a service's work produced: the answer, and what the request log keeps of it. */
export interface WorkResult {
  readonly body: Record<string, unknown>;
  readonly log: Record<string, unknown>;
}

export interface PromptAppOptions {
  readonly service: 'a' | 'b';
  /** The one path that takes prompts. */
  readonly path: string;
  readonly settings: CommonSettings;
  readonly context: ServiceContext;
  readonly admission: Admission;
  readonly log: RequestLog | undefined;
  /** Throws a `Problem` for every answer other than 200. */
  readonly work: (prompt: Prompt, scope: RequestScope) => Promise<WorkResult>;
  readonly health: () => Promise<{ status: 200 | 503; body: Record<string, unknown> }>;
}

/** The HTTP surface that A and B share: one POST that takes a prompt, and `/health`. */
export function createPromptListener(
  options: PromptAppOptions,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.post(options.path, (c) => handlePrompt(options, c.env.incoming, c.env.outgoing));
  app.all(options.path, () => problemResponse(methodNotAllowed('POST')));
  // Hono answers HEAD from GET.
  app.get('/health', async () => {
    const { status, body } = await options.health();
    return jsonResponse(status, body, { 'cache-control': 'no-store' });
  });
  app.all('/health', () => problemResponse(methodNotAllowed('GET, HEAD')));
  app.notFound(() => problemResponse(new Problem(404, 'Not Found')));
  app.onError((error) => {
    options.context.warn(`defect: ${error.stack ?? error.message}`);
    return problemResponse(new Problem(500, 'internal error'));
  });
  return getRequestListener(app.fetch);
}

async function handlePrompt(
  options: PromptAppOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<Response> {
  const { service, settings, admission, log } = options;
  // Before the body and before the log: whoever has no token costs as little as can be.
  const unauthorized = settings.auth.refusal(incoming.headers.authorization);
  if (unauthorized !== undefined) return problemResponse(unauthorized);
  let scope: RequestScope | undefined;
  try {
    refuseEarly(options);
    scope = new RequestScope(outgoing, incoming.headers[TIMEOUT_HEADER] as string | undefined);
    refuseHopeless(scope, settings);
    admission.checkHope(scope);
    const raw = await readBody(incoming, outgoing, {
      maxBytes: settings.maxBodyBytes,
      timeoutMs: settings.readTimeoutMs,
    });
    const result = await options.work(validatePrompt(parseJsonBody(raw)), scope);
    log?.write({ service, status: 200, ...result.log, ts: new Date().toISOString() });
    return jsonResponse(200, result.body);
  } catch (error) {
    const problem = error instanceof Problem ? error : undefined;
    const stage = problem?.stage === undefined ? {} : { stage: problem.stage };
    const status = problem?.status ?? 500;
    const message = problem?.message ?? String(error);
    log?.write({ service, status, ...stage, error: message, ts: new Date().toISOString() });
    if (!problem) throw error;
    return problemResponse(problem);
  } finally {
    scope?.end();
  }
}

/** Refusals that need nothing but the request line: under overload this is most of what the process does. */
function refuseEarly({ context, admission, settings }: PromptAppOptions): void {
  if (context.draining) throw new Problem(503, 'draining: this instance is shutting down', DRAINING_HEADERS);
  if (admission.full) throw admission.refusal();
  if (context.inFlight > settings.maxInFlight) throw overloaded(`${context.inFlight} requests in flight`, 1);
}

/** Tells a proxy that nothing was begun, so that it may try elsewhere at once. */
const DRAINING_HEADERS = { 'retry-after': '1', 'x-chainctl-refused': 'draining' };

/** An answer that cannot be sent before its caller's deadline is not worth a token. */
function refuseHopeless(scope: RequestScope, settings: CommonSettings): void {
  scope.check();
  if (scope.remainingMs() >= settings.minProcessMs) return;
  throw new Problem(
    504,
    `deadline passed: the caller waits less than the minimum processing time of ${settings.minProcessMs / 1000} s`,
  );
}

/** A response whose headers are a plain object: the server writes those without building a `Headers`. */
function jsonResponse(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

function problemResponse(problem: Problem): Response {
  // 499 is for the log; on the wire nobody is listening any more.
  return jsonResponse(problem.status, { detail: problem.message }, problem.headers);
}

function methodNotAllowed(allow: string): Problem {
  return new Problem(405, 'Method Not Allowed', { allow });
}
