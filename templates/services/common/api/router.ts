import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auth } from '../auth.ts';
import { Problem } from '../problem.ts';
import type { Cors } from './cors.ts';
import { asProblem } from './errors.ts';
import { Exchange } from './exchange.ts';
import { answerNotFound } from './not-found.ts';
import type { RouteDoc } from './openapi.ts';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

export interface Route {
  readonly method: Method;
  /** `/v1/conversations/{id}/turns/{turn}`; `{+id}` takes slashes, too. */
  readonly path: string;
  /** Anybody may ask, whatever the token. */
  readonly open?: boolean;
  /** Not for pages of other origins, whatever CORS_ORIGINS says. The same for all methods of a path. */
  readonly sameOrigin?: boolean;
  /** undefined: not in /openapi.json. */
  readonly doc: RouteDoc | undefined;
  /** Answers by itself, or throws a `Problem`. `parts` is what stood in the path's braces, as it was sent. */
  handle(exchange: Exchange, ...parts: string[]): void | Promise<void>;
}

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly auth: Auth;
  readonly cors: Cors;
  readonly warn: (line: string) => void;
}

/** What is at a path, by method. */
interface Place {
  readonly methods: Partial<Record<Method, Route>>;
  sameOrigin: boolean;
}

interface Found {
  readonly place: Place;
  readonly parts: readonly string[];
}

const NO_PARTS: readonly string[] = [];

/** Hands each request to its route: one look into a map, since `/chain` and `/invoke` are asked thousands of times a second. */
export class Router {
  readonly #options: RouterOptions;
  readonly #exact = new Map<string, Found>();
  readonly #patterns = new Map<string, [RegExp, Place]>();

  constructor(options: RouterOptions) {
    this.#options = options;
    for (const route of options.routes) {
      const place = this.#placeOf(route.path);
      place.methods[route.method] = route;
      place.sameOrigin ||= route.sameOrigin ?? false;
    }
  }

  readonly listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // What stands on a connection behind a stream that broke is never answered.
    if (incoming.socket.writableEnded) return;
    const path = pathOf(incoming.url);
    const found = this.#find(path);
    const cors = found?.place.sameOrigin ? undefined : this.#options.cors.headers(incoming);
    const exchange = new Exchange(incoming, outgoing, path, cors);
    try {
      this.#dispatch(exchange, found)?.catch((error: unknown) => this.#fail(exchange, error));
    } catch (error) {
      this.#fail(exchange, error);
    }
  };

  #dispatch(exchange: Exchange, found: Found | undefined): Promise<void> | undefined {
    const { incoming } = exchange;
    if (found === undefined) {
      answerNotFound(exchange, this.#options.routes, (path) => this.#find(path)?.place.methods);
      return undefined;
    }
    const { methods, sameOrigin } = found.place;
    const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
    if (method === 'OPTIONS' && !sameOrigin) {
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
    return route.handle(exchange, ...found.parts) ?? undefined;
  }

  #find(path: string): Found | undefined {
    const exact = this.#exact.get(path);
    if (exact) return exact;
    for (const [pattern, place] of this.#patterns.values()) {
      const match = pattern.exec(path);
      if (match) return { place, parts: match.slice(1) };
    }
    return undefined;
  }

  #placeOf(path: string): Place {
    const known = this.#patterns.get(path)?.[1] ?? this.#exact.get(path)?.place;
    if (known) return known;
    const place: Place = { methods: {}, sameOrigin: false };
    if (path.includes('{')) this.#patterns.set(path, [patternOf(path), place]);
    else this.#exact.set(path, { place, parts: NO_PARTS });
    return place;
  }

  #fail(exchange: Exchange, error: unknown): void {
    if (!(error instanceof Problem)) {
      this.#options.warn(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    exchange.fail(asProblem(error));
  }
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\+?)\w+\}/g, (_, plus: string) => (plus ? '(.+)' : '([^/]+)'))}$`);
}

/** Without query and fragment. */
function pathOf(url = '/'): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

function allowOf(methods: Place['methods']): string {
  return METHODS.filter((method) => methods[method])
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
}
