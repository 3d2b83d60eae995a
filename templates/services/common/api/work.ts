import type { Admission } from '../admission.ts';
import { parseJsonBody, readBody } from '../body.ts';
import { overloaded, Problem } from '../problem.ts';
import type { RequestLog } from '../request-log.ts';
import { RequestScope, TIMEOUT_HEADER } from '../request-scope.ts';
import type { ServiceContext } from '../run-service.ts';
import type { CommonSettings } from '../service-settings.ts';
import { asProblem } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { type StreamOptions, StreamWriter } from './stream-writer.ts';

/** What every route that generates needs of its service. */
export interface WorkDeps {
  readonly service: 'a' | 'b';
  readonly settings: CommonSettings;
  readonly context: ServiceContext;
  readonly admission: Admission;
  readonly log: RequestLog | undefined;
  readonly streams: OpenStreams;
}

/** A piece of work that was asked for. */
export interface Call {
  readonly exchange: Exchange;
  readonly scope: RequestScope;
  /** For whoever is asked on behalf of this request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes the answer a stream; once. Whatever is thrown later becomes its last event, and a broken end. */
  stream(options: Omit<StreamOptions, 'failure'> & { readonly failure: (problem: Problem) => string }): StreamWriter;
}

/** What is kept of a piece of work, and its answer unless that was streamed. */
export interface WorkResult {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly log: Readonly<Record<string, unknown>>;
}

export interface WorkSpec {
  /** It asks for a place and nothing else: neither the admission's gate nor its least time is about it. */
  readonly free?: boolean;
  /** The answer takes at least so long, in milliseconds: whoever waits for less is refused. */
  readonly leastMs?: number;
  /** The work takes at most so long, its queue included; in milliseconds. */
  readonly mostMs?: number;
  /** Throws a 504 where an answer can no longer be in time, before the body is read. */
  readonly checkHope?: (scope: RequestScope) => void;
  /** Validates the body and works. Throws a `Problem` for every answer other than 200. */
  run(body: unknown, call: Call): Promise<WorkResult>;
}

/** The streams that a drain which has run out of time has to break. */
export class OpenStreams {
  readonly #scopes = new Set<RequestScope>();

  /** Breaks them all. */
  cutOff(): void {
    const why = new Problem(
      503,
      'draining: this instance has shut down before the answer ended',
      {},
      { code: 'draining' },
    );
    for (const scope of this.#scopes) scope.cancel(why);
  }

  add(scope: RequestScope): void {
    this.#scopes.add(scope);
  }

  delete(scope: RequestScope): void {
    this.#scopes.delete(scope);
  }
}

/**
 * One request that generates: refusals that cost nothing, its body, its work, its answer, and its line in the log.
 * Rejects only with a defect, when that has been answered.
 */
export async function handleWork(exchange: Exchange, deps: WorkDeps, spec: WorkSpec): Promise<void> {
  const { incoming, outgoing, requestId } = exchange;
  const { service, settings, log } = deps;
  let scope: RequestScope | undefined;
  let whole: RequestScope | undefined;
  let writer: StreamWriter | undefined;
  const lastFields = () => ({
    ts: new Date().toISOString(),
    request_id: requestId,
    ...(writer && { stream: true }),
  });
  try {
    refuseEarly(deps, spec);
    whole = new RequestScope(outgoing, incoming.headers[TIMEOUT_HEADER] as string | undefined);
    refuseHopeless(whole, spec.leastMs ?? 0);
    spec.checkHope?.(whole);
    scope = spec.mostMs === undefined ? whole : whole.part(spec.mostMs, tooLong);
    const own = scope;
    const call: Call = {
      exchange,
      scope: own,
      headers: exchange.passedOn,
      stream({ headers, failure, ...options }) {
        deps.streams.add(own);
        writer = new StreamWriter(outgoing, {
          ...options,
          headers: { ...headers, ...exchange.headers },
          failure: (error) => failure(asProblem(error)),
        });
        return writer;
      },
    };
    // Not awaited by itself: the body would be kept until the work has ended.
    const result = await readJson(exchange, settings).then((body) => spec.run(body, call));
    log?.write({ service, status: 200, ...result.log, ...lastFields() });
    if (!writer) exchange.json(200, result.body, result.headers);
  } catch (error) {
    const { status, message, stage } = asProblem(error);
    const told = error instanceof Problem ? message : String(error);
    const route = spec.free ? { route: exchange.path } : {};
    log?.write({ service, status, ...route, ...(stage !== undefined && { stage }), error: told, ...lastFields() });
    if (!(error instanceof Problem)) {
      deps.context.warn(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    if (writer?.begun) writer.fail(error);
    else {
      writer?.abandon();
      exchange.fail(asProblem(error));
    }
  } finally {
    if (scope) deps.streams.delete(scope);
    scope?.end();
    whole?.end();
  }
}

/** In a function of its own: what waits for the work to end would keep the bytes. */
async function readJson({ incoming, outgoing }: Exchange, settings: CommonSettings): Promise<unknown> {
  const limits = { maxBytes: settings.maxBodyBytes, timeoutMs: settings.readTimeoutMs };
  return parseJsonBody(await readBody(incoming, outgoing, limits));
}

/** Refusals that need nothing but the request line: under overload this is most of what the process does. */
function refuseEarly({ context, admission, settings }: WorkDeps, { free }: WorkSpec): void {
  if (context.draining) {
    throw new Problem(503, 'draining: this instance is shutting down', DRAINING_HEADERS, { code: 'draining' });
  }
  if (free ? admission.fullForFree : admission.full) throw admission.refusal();
  if (context.inFlight > settings.maxInFlight) throw overloaded(`${context.inFlight} requests in flight`, 1);
}

/** Tells a proxy that nothing was begun, so that it may try elsewhere at once. */
const DRAINING_HEADERS = { 'retry-after': '1', 'x-chainctl-refused': 'draining' };

/** An answer that cannot be sent before its caller's deadline is not worth a token. */
function refuseHopeless(scope: RequestScope, leastMs: number): void {
  scope.check();
  if (scope.remainingMs() >= leastMs) return;
  throw new Problem(
    504,
    `deadline passed: the caller waits less than the minimum processing time of ${leastMs / 1000} s`,
    {},
    { code: 'deadline_exceeded' },
  );
}

function tooLong(timeoutMs: number): Problem {
  return new Problem(504, `timeout: no whole answer within ${timeoutMs / 1000} s`, {}, { code: 'timeout' });
}
