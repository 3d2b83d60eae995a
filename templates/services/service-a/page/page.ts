import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from '../../common/problem.ts';
import { exchangeOf, fail } from '../history/reply.ts';

/** The built page, file by file, written into the bundle by `.tools/build.mjs`. */
declare const CHAINCTL_PAGE: Readonly<Record<string, string>> | undefined;

/** Everything that there is: a path is looked up here and never on a disk. */
const FILES: Readonly<Record<string, readonly [name: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
};

const HEADERS = {
  // Nothing from elsewhere, no script or style in the document, and no other page around it.
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  // The names stay the same from version to version, so each is asked for again; mostly the answer is 304.
  'cache-control': 'no-cache',
};

interface File {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** The chat page and its files. @returns a listener that answers false for any other path */
export function pageRoutes(): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const files = new Map<string, File>();
  return (incoming, outgoing) => {
    const path = (incoming.url ?? '').split('?', 1)[0] as string;
    if (!Object.hasOwn(FILES, path)) return false;
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      fail(incoming, outgoing, new Problem(405, 'Method Not Allowed', { allow: 'GET, HEAD' }));
      return true;
    }
    const file = files.get(path) ?? readFile(path);
    if (file === undefined) {
      fail(incoming, outgoing, new Problem(404, 'the page is not built; run: npm run build'));
      return true;
    }
    files.set(path, file);
    send(incoming, outgoing, file);
    return true;
  };
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, { body, type, etag }: File): void {
  const known = incoming.headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, ''));
  const headers = { ...exchangeOf(incoming, outgoing).headers, ...HEADERS, etag };
  if (known?.includes(etag) || known?.includes('*')) {
    outgoing.writeHead(304, headers);
    outgoing.end();
    return;
  }
  outgoing.writeHead(200, { ...headers, 'content-type': type, 'content-length': body.length });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

function readFile(path: string): File | undefined {
  const [name, type] = FILES[path] as (typeof FILES)[string];
  const text = typeof CHAINCTL_PAGE === 'object' ? CHAINCTL_PAGE[name] : built(name);
  if (text === undefined) return undefined;
  const body = Buffer.from(text);
  return { body, type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"` };
}

/** Where the service runs from its sources: what was built last. */
function built(name: string): string | undefined {
  try {
    return readFileSync(new URL(`../../../../dist/templates/page/${name}`, import.meta.url), 'utf8');
  } catch {
    return undefined;
  }
}
