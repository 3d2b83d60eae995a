import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type Env, EnvError } from '../env.ts';
import { Problem } from '../problem.ts';

const EXPOSED = 'x-request-id, x-chainctl-trimmed, retry-after, x-should-retry';
/** Names of headers, and nothing that could end one. */
const HEADER_LIST = /^[\w!#$%&'*+.^`|~, -]{1,1000}$/;
const ORIGIN = /^[\x21-\x7e]{1,255}$/;

/** Which pages of other origins may use the API: none unless they are named. */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** For every answer; `vary` also where the origin is another one, or a cache would mix them up. */
  headers({ headers: { origin } }: IncomingMessage): Readonly<Record<string, string>> | undefined {
    if (this.#origins.size === 0) return undefined;
    if (!this.#matches(origin)) return { vary: 'origin' };
    return {
      'access-control-allow-origin': origin as string,
      vary: 'origin',
      'access-control-expose-headers': EXPOSED,
    };
  }

  /** The headers of a 204; undefined for what is no preflight of a page that may. */
  preflight({ headers }: IncomingMessage): Readonly<Record<string, string>> | undefined {
    const { origin, 'access-control-request-method': method, 'access-control-request-headers': asked = '' } = headers;
    if (method === undefined || !this.#matches(origin)) return undefined;
    return {
      'access-control-allow-methods': 'GET, POST',
      ...(HEADER_LIST.test(asked) && { 'access-control-allow-headers': asked }),
      'access-control-max-age': '600',
    };
  }

  /**
   * Why what a page of another origin asks for is not done; undefined where it may ask, and for what is no page. Not to read an
   * answer is not enough: a form needs no leave to have a service work.
   */
  refusal({ headers }: IncomingMessage): Problem | undefined {
    if (headers.origin === undefined || !isForeign(headers) || this.#matches(headers.origin)) return undefined;
    const why = `pages of ${shown(headers.origin)} may not use this service: name that origin in its setting CORS_ORIGINS`;
    return new Problem(403, why, {}, { code: 'origin_not_allowed' });
  }

  #matches(origin: string | undefined): boolean {
    if (origin === undefined || !ORIGIN.test(origin)) return false;
    return this.#origins.has('*') || this.#origins.has(origin);
  }
}

/**
 * Whether a web page of another origin asks. As Go's `http.CrossOriginProtection` finds out: by what the browser says itself
 * (to secure and local addresses), else by comparing. Programs send no such headers, or origins of their own (`app://`).
 */
export function isForeign({ origin, host, ...headers }: IncomingHttpHeaders): boolean {
  if (origin === undefined || !(origin === 'null' || /^https?:/i.test(origin))) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const protocol = origin.slice(0, origin.indexOf(':') + 1);
  const own = `${protocol}//${host}`;
  return !URL.canParse(origin) || !URL.canParse(own) || new URL(origin).host !== new URL(own).host;
}

/** What a caller sent, in a message. */
export function shown(value: string): string {
  return value.replace(/[^\x21-\x7e]/g, '?').slice(0, 100);
}

/** From CORS_ORIGINS: origins as browsers send them, or `*`. */
export function readCors(env: Env): Cors {
  const origins = env
    .text('CORS_ORIGINS', '')
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
  for (const origin of origins) {
    const isOrigin = origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin);
    if (!isOrigin) throw new EnvError(`CORS_ORIGINS: "${origin}" is neither * nor an origin like https://example.org`);
  }
  return new Cors(origins);
}
