import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auth } from '../auth.ts';
import { Problem } from '../problem.ts';
import type { Cors } from './cors.ts';
import { asProblem } from './errors.ts';
import { Exchange } from './exchange.ts';
import type { RouteDoc } from './openapi.ts';

type Method = 'GET' | 'POST';

export interface Route {
  readonly method: Method;
  /** `/v1/models/{id}`: the last part takes whatever follows, slashes too. */
  readonly path: string;
  /** Anybody may ask, whatever the token. */
  readonly open?: boolean;
  /** undefined: not in /openapi.json. */
  readonly doc: RouteDoc | undefined;
  /** Answers by itself, or throws a `Problem`. `rest` is what the last part of the path took, as it was sent. */
  handle(exchange: Exchange, rest: string): void | Promise<void>;
}

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly auth: Auth;
  readonly cors: Cors;
  readonly warn: (line: string) => void;
}

type Methods = Partial<Record<Method, Route>>;

/** Hands each request to its route: one look into a map, since `/chain` and `/invoke` are asked thousands of times a second. */
export class Router {
  readonly #options: RouterOptions;
  readonly #exact = new Map<string, Methods>();
  readonly #prefixes: [string, Methods][] = [];

  constructor(options: RouterOptions) {
    this.#options = options;
    for (const route of options.routes) this.#methodsOf(route.path)[route.method] = route;
  }

  readonly listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // What stands on a connection behind a stream that broke is never answered.
    if (incoming.socket.writableEnded) return;
    const exchange = new Exchange(incoming, outgoing, pathOf(incoming.url), this.#options.cors.headers(incoming));
    try {
      this.#dispatch(exchange)?.catch((error: unknown) => this.#fail(exchange, error));
    } catch (error) {
      this.#fail(exchange, error);
    }
  };

  #dispatch(exchange: Exchange): Promise<void> | undefined {
    const { incoming, path } = exchange;
    const [methods, rest] = this.#find(path);
    if (methods === undefined) throw new Problem(404, 'Not Found');
    const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
    if (method === 'OPTIONS') {
      const headers = this.#options.cors.preflight(incoming);
      if (headers) {
        exchange.empty(204, headers);
        return undefined;
      }
    }
    const route = methods[method as Method];
    if (route === undefined) throw new Problem(405, 'Method Not Allowed', { allow: allowOf(methods) });
    const foreign = route.method === 'POST' ? this.#options.cors.refusal(incoming) : undefined;
    if (foreign !== undefined) throw foreign;
    // Before the body and before the log: whoever has no token costs as little as can be.
    const refusal = route.open ? undefined : this.#options.auth.refusal(incoming.headers.authorization);
    if (refusal !== undefined) throw refusal;
    return route.handle(exchange, rest) ?? undefined;
  }

  #find(path: string): [Methods | undefined, string] {
    const exact = this.#exact.get(path);
    if (exact) return [exact, ''];
    for (const [prefix, methods] of this.#prefixes) {
      if (path.length > prefix.length && path.startsWith(prefix)) return [methods, path.slice(prefix.length)];
    }
    return [undefined, ''];
  }

  #methodsOf(path: string): Methods {
    const open = path.indexOf('{');
    if (open >= 0) {
      const methods: Methods = {};
      this.#prefixes.push([path.slice(0, open), methods]);
      return methods;
    }
    const methods = this.#exact.get(path) ?? {};
    this.#exact.set(path, methods);
    return methods;
  }

  #fail(exchange: Exchange, error: unknown): void {
    if (!(error instanceof Problem)) {
      this.#options.warn(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    exchange.fail(asProblem(error));
  }
}

/** Without query and fragment; of a whole URL, as proxies are asked for it, its path. */
function pathOf(url = '/'): string {
  const path = url.startsWith('/') || !URL.canParse(url) ? url : new URL(url).pathname;
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

function allowOf(methods: Methods): string {
  return [...(methods.GET ? ['GET', 'HEAD'] : []), ...(methods.POST ? ['POST'] : [])].join(', ');
}
