import type { IncomingMessage, ServerResponse } from 'node:http';
import { SIMULATED_HEADER, sendText } from './http.ts';

export type Route = (incoming: IncomingMessage, outgoing: ServerResponse) => void | Promise<void>;
/** By path, then by method, in the order in which the `allow` of a refusal names them. */
export type Routes = ReadonlyMap<string, Readonly<Record<string, Route>>>;

/** The route of a request; undefined once it was answered as Ollama's router answers what it has no route for. */
export function findRoute(routes: Routes, incoming: IncomingMessage, outgoing: ServerResponse): Route | undefined {
  const method = incoming.method ?? '';
  const path = (incoming.url ?? '/').split('?', 1)[0] as string;
  const methods = routes.get(path);
  if (!methods) {
    const shorter = path.replace(/\/$/, '');
    if (routes.get(shorter)?.[method]) redirect(shorter, method, outgoing);
    else sendText(outgoing, 404, '404 page not found');
    return undefined;
  }
  const route = methods[method];
  if (!route) sendText(outgoing, 405, '405 method not allowed', { allow: Object.keys(methods).join(', ') });
  return route;
}

function redirect(location: string, method: string, outgoing: ServerResponse): void {
  if (method === 'GET') {
    const type = { location, 'content-type': 'text/html; charset=utf-8' };
    sendText(outgoing, 301, `<a href="${location}">Moved Permanently</a>.\n\n`, type);
  } else outgoing.writeHead(307, { location, 'content-length': 0, [SIMULATED_HEADER]: '1' }).end();
}
