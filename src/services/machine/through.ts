import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { ConnectionLost } from './failures.ts';
import type { HostSession } from './session.ts';

const MAX_TEXT = 1 << 20;

interface RemoteRequest {
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
  { host, port, path, body, headers, silenceSeconds, onLine, signal }: RemoteRequest,
): Promise<{ status: number; text: string }> {
  const channel = await session.forward(host, port, signal);
  // A channel that breaks while nobody reads from it must not be an uncaught error.
  channel.on('error', () => {});
  const content = body === undefined ? undefined : JSON.stringify(body);
  const given = content === undefined ? {} : { 'content-type': 'application/json' };
  const silent = new AbortController();
  const silence = setTimeout(() => silent.abort(), silenceSeconds * 1000);
  try {
    const outgoing = request({
      createConnection: () => channel,
      host,
      port,
      path,
      method: content === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...given, connection: 'close' },
      signal: AbortSignal.any([signal, silent.signal]),
    });
    // Also once nobody waits for it any more.
    outgoing.on('error', () => {});
    outgoing.end(content);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    let partial = '';
    for await (const chunk of incoming.setEncoding('utf8')) {
      silence.refresh();
      text = (text + chunk).slice(-MAX_TEXT);
      const lines = (partial + chunk).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    }
    if (partial !== '') onLine?.(partial);
    return { status: incoming.statusCode ?? 0, text };
  } catch (error) {
    if (silent.signal.aborted) throw new Error(`${host}:${port}${path} was silent for ${silenceSeconds} s`);
    if (!session.alive && !signal.aborted) throw new ConnectionLost(`the connection ended during ${path}`);
    // Node's own word for it is "aborted".
    throw error instanceof Error && error.message === 'aborted' ? new Error('the answer was cut off') : error;
  } finally {
    clearTimeout(silence);
    channel.destroy();
  }
}
