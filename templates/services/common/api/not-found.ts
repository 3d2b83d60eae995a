import { plainText } from '../engine-error.ts';
import { Problem } from '../problem.ts';
import { familyOf } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './router.ts';

/** What is at a path, by method; undefined: nothing. */
type Look = (path: string) => Partial<Record<string, unknown>> | undefined;

/**
 * The 404 for a path that is not there, with the one that was probably meant: most callers have a base URL without its `/v1`,
 * with one too many, or with a slash at its end. It has the form that the clients of the meant path read.
 */
export function answerNotFound(exchange: Exchange, routes: readonly Route[], look: Look): void {
  const { path, incoming, family } = exchange;
  const meant = meantPath(incoming.method ?? '', path, look);
  const asked = plainText(path.slice(0, 200));
  const detail =
    meant === undefined
      ? spoken(
          asked,
          routes.map((route) => route.path).filter((each) => familyOf(each) === family),
          family,
        )
      : `there is no ${asked}; did you mean ${plainText(meant)}?${baseUrl(path, meant)}`;
  const ofMeant = meant === undefined ? 'own' : familyOf(meant);
  exchange.fail(new Problem(404, detail), ofMeant === 'own' ? family : ofMeant);
}

/** Longer paths are no slip. */
const MOST_PARTS = 8;

function meantPath(method: string, path: string, look: Look): string | undefined {
  // Nobody is led to delete or to write what was not named.
  if (!['GET', 'HEAD', 'POST'].includes(method)) return undefined;
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length > MOST_PARTS) return undefined;
  const ends = parts.map((_, at) => `/${parts.slice(at).join('/')}`);
  // The path without its slips first; then what clients of an API would ask behind a base URL that is not theirs.
  const ofApis = ['/v1', '/api'].flatMap((base) => ends.map((end) => base + end));
  const candidates = [...ends.slice(0, 1), ...ofApis, ...ends];
  return candidates.find((each) => look(each)?.[method === 'HEAD' ? 'GET' : method] !== undefined);
}

function baseUrl(path: string, meant: string): string {
  return meant === `/v1${path}` ? " The base URL of OpenAI's clients ends in /v1" : '';
}

function spoken(asked: string, paths: readonly string[], family: Exchange['family']): string {
  if (family === 'own') return 'Not Found';
  const whole = [...new Set(paths)].filter((path) => !path.includes('{')).join(', ');
  return family === 'ollama'
    ? `there is no ${asked}; of Ollama's API there are ${whole}`
    : `there is no ${asked}; there are ${whole}`;
}
