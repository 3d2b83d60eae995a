import { request } from 'node:http';
import { ConnectionLost } from './failures.ts';
import type { HostSession } from './session.ts';

export interface RemoteRequest {
  /** As the machine itself would reach it. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** A POST with JSON when there is a body, else a GET. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest silence before and within the answer, seconds. */
  readonly silenceSeconds: number;
  /** Each line of the answer as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * An HTTP request that the machine makes for us, over the SSH connection: reaches what is not published, needs no
 * program there, and shows no header to its process list.
 *
 * @returns status and body, the latter at most 1 MiB
 */
export async function requestThrough(
  session: HostSession,
  options: RemoteRequest,
): Promise<{ status: number; text: string }> {
  const { host, port, path, body, headers, silenceSeconds, onLine, signal } = options;
  const channel = await session.forward(host, port);
  // A channel that breaks while nobody reads from it must not be an uncaught error.
  channel.on('error', () => {});
  const content = body === undefined ? undefined : JSON.stringify(body);
  try {
    return await new Promise((resolve, reject) => {
      const silence = setTimeout(
        () => reject(new Error(`${host}:${port}${path} was silent for ${silenceSeconds} s`)),
        silenceSeconds * 1000,
      );
      const broken = (error: Error) =>
        reject(session.alive ? error : new ConnectionLost(`the connection ended during ${path}`));
      const outgoing = request(
        {
          createConnection: () => channel,
          host,
          port,
          path,
          method: content === undefined ? 'GET' : 'POST',
          headers: {
            ...headers,
            connection: 'close',
            ...(content === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) }),
          },
          signal,
        },
        (incoming) => {
          let text = '';
          let partial = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => {
            silence.refresh();
            text = (text + chunk).slice(-(1 << 20));
            const lines = (partial + chunk).split('\n');
            partial = lines.pop() ?? '';
            for (const line of lines) onLine?.(line);
          });
          incoming.on('error', broken);
          incoming.on('end', () => {
            if (partial !== '') onLine?.(partial);
            resolve({ status: incoming.statusCode ?? 0, text });
          });
          incoming.on('close', () => broken(new Error('the answer was cut off')));
        },
      );
      outgoing.on('error', broken);
      outgoing.on('close', () => clearTimeout(silence));
      outgoing.end(content);
    });
  } finally {
    channel.destroy();
  }
}
