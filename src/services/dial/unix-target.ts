import { remedy } from '../../errors.ts';

/** Scheme of a URL whose server listens at a socket file: its host is the file's path, percent-encoded. */
const SCHEME = 'http+unix:';
/** What `sun_path` of Linux holds, less the zero at its end. */
const MAX_PATH_BYTES = 107;

/** The file at which the server of a URL listens; undefined where that is a port. */
export function socketOf({ protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>): string | undefined {
  return protocol === SCHEME ? decodeURIComponent(hostname) : undefined;
}

/**
 * Reads a target at a socket file: `unix:/run/vllm.sock:/v1/completions`, as nginx writes it, or
 * `http+unix://%2Frun%2Fvllm.sock/v1/completions`.
 *
 * @returns the second form, or undefined when the text means no socket file
 * @throws RemedyError (exit 2) when it means one, but not clearly
 */
export function unixTarget(text: string): string | undefined {
  const form = /^(unix|https?\+unix|https?:\/\/unix):/i.exec(text)?.[1]?.toLowerCase();
  if (form === undefined) return undefined;
  if (form === SCHEME.slice(0, -1)) {
    const url = URL.parse(text);
    if (url === null || url.port !== '' || url.username !== '') throw unclear(text, 'is no URL of a socket file');
    return made(text, decoded(text, url.hostname), `${url.pathname || '/'}${url.search}`);
  }
  if (form !== 'unix') throw unclear(text, 'has a scheme that is not known for socket files');
  const [path = '', ...rest] = text
    .slice('unix:'.length)
    .replace(/^\/\/(?=\/)/, '')
    .split(':');
  return made(text, path, rest.length === 0 ? '/' : rest.join(':'));
}

function decoded(text: string, host: string): string {
  try {
    return decodeURIComponent(host);
  } catch {
    throw unclear(text, 'has a "%" in its host that is no escape');
  }
}

function made(text: string, path: string, rest: string): string {
  if (!path.startsWith('/') || path.endsWith('/')) throw unclear(text, 'does not name the socket by an absolute path');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw unclear(text, `names a socket of more than ${MAX_PATH_BYTES} bytes, which the system cannot open`);
  }
  if (!rest.startsWith('/')) throw unclear(text, 'has a path of the URL that does not begin with "/"');
  const url = new URL(`${SCHEME}//${encodeURIComponent(path)}${rest}`);
  url.hash = '';
  return url.href;
}

function unclear(text: string, why: string) {
  return remedy.usage('target-invalid', `"${text}" ${why}`, [
    'write for example unix:/run/server.sock:/v1/chat/completions',
  ]);
}
