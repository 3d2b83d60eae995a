import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyOf } from './http.ts';

const KEPT_REQUESTS = 100;
/** Longer bodies are not kept. */
const KEPT_BYTES = 65_536;

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly beganAt: number;
  /** undefined while it is open; `left`: the caller went before the end, or a fault broke the answer. */
  ended: 'finished' | 'left' | undefined;
  ms: number;
  status: number;
  body: Buffer | undefined;
}

/** The last requests, for tests that want to see what an engine was asked, and when it stopped. */
export class Journal {
  #entries: Entry[] = [];

  note(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const startedAt = performance.now();
    const { authorization: _, cookie: __, ...headers } = incoming.headers;
    const entry: Entry = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: headers as Record<string, string>,
      beganAt: Date.now(),
      ended: undefined,
      ms: 0,
      status: 0,
      body: undefined,
    };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT_REQUESTS) this.#entries.shift();
    outgoing.once('close', () => {
      entry.ended = outgoing.writableFinished ? 'finished' : 'left';
      entry.ms = performance.now() - startedAt;
      entry.status = outgoing.headersSent ? outgoing.statusCode : 0;
      const body = bodyOf(incoming);
      if (body !== undefined && body.length <= KEPT_BYTES) entry.body = body;
    });
  }

  /** The oldest first. */
  list(): unknown[] {
    return this.#entries.map(({ method, path, status, ended, beganAt, ms, headers, body }) => ({
      method,
      path,
      status,
      ended: ended ?? 'open',
      began_at: new Date(beganAt).toISOString(),
      seconds: Number((ms / 1000).toFixed(6)),
      headers,
      body: body === undefined ? null : jsonOrText(body.toString('utf8')),
    }));
  }

  clear(): void {
    this.#entries = [];
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
