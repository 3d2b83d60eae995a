import { connect } from 'node:net';
import type { Json } from './lab.ts';

/** A streamed answer as it came over the wire. */
export interface RawStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's text, chunks put together. */
  readonly text: string;
  /** `clean`: with the final chunk; `broken`: the connection was closed without it; `reset`: it was torn down. */
  readonly end: 'clean' | 'broken' | 'reset';
}

/** Sends a request over a connection of its own and reads the answer to its end, however that comes. */
export function rawPost(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawStream> {
  const { hostname, port, pathname } = new URL(url);
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: hostname,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const socket = connect(Number(port), hostname, () => {
      socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${text}`);
    });
    const settle = (how: 'broken' | 'reset') => {
      socket.destroy();
      resolve(parse(received, how));
    };
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes as Buffer]);
      const answer = parse(received, 'broken');
      if (answer.end === 'clean') {
        socket.destroy();
        resolve(answer);
      }
    });
    socket.on('end', () => settle('broken'));
    socket.on('error', () => settle('reset'));
  });
}

/** The objects of a stream of lines. */
export function linesOf({ text }: RawStream): Json[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The objects of a stream of events, and `[DONE]` as it is. */
export function eventsOf({ text }: RawStream): Json[] {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => (event === 'data: [DONE]' ? '[DONE]' : JSON.parse(event.slice('data: '.length))));
}

function parse(received: Buffer, how: 'broken' | 'reset'): RawStream {
  const headEnd = received.indexOf('\r\n\r\n');
  const [first = '', ...fields] = received.subarray(0, Math.max(0, headEnd)).toString().split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  const status = Number(first.split(' ')[1] ?? 0);
  const rest = headEnd < 0 ? Buffer.alloc(0) : received.subarray(headEnd + 4);
  if (headers['transfer-encoding'] !== 'chunked') {
    const isWhole = headEnd >= 0 && rest.length >= Number(headers['content-length'] ?? Infinity);
    return { status, headers, text: rest.toString(), end: isWhole ? 'clean' : how };
  }
  let at = 0;
  const parts: Buffer[] = [];
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(rest.subarray(at, lineEnd).toString(), 16);
    const isWhole = lineEnd >= 0 && rest.length >= lineEnd + 2 + size + 2;
    if (isWhole && size > 0) parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    if (!isWhole || size === 0) {
      return { status, headers, text: Buffer.concat(parts).toString(), end: isWhole ? 'clean' : how };
    }
    at = lineEnd + 2 + size + 2;
  }
}
