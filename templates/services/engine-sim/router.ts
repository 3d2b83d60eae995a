import type { IncomingMessage, ServerResponse } from 'node:http';
import { SIMULATED_HEADER, sendText } from './http.ts';

export type Route = (incoming: IncomingMessage, outgoing: ServerResponse) => void | Promise<void>;
/**
 * By path, then by method, in the order in which the `allow` of a refusal names them. A path that ends in `/:name` is
 * for any last part.
 */
export type Routes = ReadonlyMap<string, Readonly<Record<string, Route>>>;

/** The route of a request; undefined once it was answered as Ollama's router answers what it has no route for. */
export function findRoute(routes: Routes, incoming: IncomingMessage, outgoing: ServerResponse): Route | undefined {
  const method = incoming.method ?? '';
  const [escaped = '', ...query] = (incoming.url ?? '/').split('?');
  const path = unescaped(escaped);
  const search = query.length === 0 ? '' : `?${query.join('?')}`;
  const clean = cleanPath(path);
  if (clean !== path) {
    redirect(clean + search, 'Temporary Redirect', method, outgoing);
    return undefined;
  }
  const methods = methodsOf(routes, path);
  if (!methods) {
    const shorter = path.replace(/\/$/, '');
    if (methodsOf(routes, shorter)?.[method]) redirect(shorter + search, 'Moved Permanently', method, outgoing);
    else sendText(outgoing, 404, '404 page not found');
    return undefined;
  }
  const route = methods[method];
  if (!route) sendText(outgoing, 405, '405 method not allowed', { allow: Object.keys(methods).join(', ') });
  return route;
}

function methodsOf(routes: Routes, path: string): Readonly<Record<string, Route>> | undefined {
  return routes.get(path) ?? routes.get(path.replace(/[^/]+$/, ':name'));
}

/** As it was sent, without what is asked of it. */
export function pathOf(incoming: IncomingMessage): string {
  const [path = ''] = (incoming.url ?? '').split('?');
  return path;
}

/** The last part of a request's path. */
export function nameInPath(incoming: IncomingMessage): string {
  const path = pathOf(incoming);
  return unescaped(path.slice(path.lastIndexOf('/') + 1));
}

/** Without empty parts, `.` and `..`; a slash at the end stays. */
function cleanPath(path: string): string {
  if (!/\/(\/|\.\.?(\/|$))/.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}${path.endsWith('/') && parts.length > 0 ? '/' : ''}`;
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function redirect(location: string, why: string, method: string, outgoing: ServerResponse): void {
  const isRead = method === 'GET' || method === 'HEAD';
  const status = isRead && why === 'Moved Permanently' ? 301 : 307;
  if (isRead) {
    const headers = { location, 'content-type': 'text/html; charset=utf-8' };
    sendText(outgoing, status, `<a href="${location}">${why}</a>.\n\n`, headers);
  } else outgoing.writeHead(status, { location, 'content-length': 0, [SIMULATED_HEADER]: '1' }).end();
}
