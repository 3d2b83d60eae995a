import type { RequestProtocol } from '../protocols/protocol.ts';

/** Whether a URL names a server and not yet what is asked of it: it has no path, or ends in `/v1`. */
export function isBase(url: string): boolean {
  const path = trimmed(new URL(url).pathname);
  return path === '' || path.endsWith('/v1');
}

/** A path of an API at a base URL, whose own `/v1` counts: `http://h/v1` and `/v1/models` are `http://h/v1/models`. */
export function atBase(base: string, path: string): string {
  const url = new URL(base);
  const prefix = trimmed(url.pathname);
  url.pathname = prefix.replace(path.startsWith('/v1/') ? /\/v1$/ : /$^/, '') + path;
  return url.href;
}

/** Where the models of a target may be listed, the likeliest first; none where its requests name no model. */
export function modelLists(targetUrl: string, { models, paths }: RequestProtocol): string[] {
  if (models === undefined) return [];
  const url = new URL(targetUrl);
  const path = trimmed(url.pathname);
  const end = paths.toSorted((a, b) => b.length - a.length).find((each) => path.endsWith(each));
  const prefix = end === undefined ? '' : path.slice(0, path.length - end.length);
  // What is not below /v1 has its list beside it.
  const beside =
    end === undefined || end.startsWith('/v1/') || end.startsWith('/api/') ? models : models.replace('/v1', '');
  const lists = [prefix + beside, models].map((list) => new URL(list + url.search, targetUrl).href);
  return [...new Set(lists)];
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '');
}
