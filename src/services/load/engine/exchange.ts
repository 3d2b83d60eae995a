import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { reasonOf } from '../../../errors.ts';
import { brief } from './answer.ts';
import type { Connection } from './connections.ts';

/** A chain's answer is a few kilobytes; one that does not end must not fill the memory. */
const MAX_ANSWER_BYTES = 1 << 20;

/** How a request ended on the wire, before its answer is judged. */
export type WireEnd =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  | { readonly kind: 'failure'; readonly status: number; readonly class: string; readonly error: string }
  | { readonly kind: 'too-long'; readonly status: number };

/** One request from dispatch to its end; ends exactly once. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly index: number;
  readonly sentAt: number;
  readonly connection: Connection;
  /** Set by the owner once the request is accounted for; everything after it is noise of tearing down. */
  done = false;
  status = 0;
  #bytes = 0;
  readonly #chunks: Buffer[] = [];
  readonly #onEnd: (exchange: Exchange, end: WireEnd) => void;

  constructor(
    index: number,
    sentAt: number,
    connection: Connection,
    onEnd: (exchange: Exchange, end: WireEnd) => void,
  ) {
    this.index = index;
    this.sentAt = sentAt;
    this.connection = connection;
    this.#onEnd = onEnd;
  }

  // undici takes a handler for one of its new kind when this is there.
  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, _headers: IncomingHttpHeaders): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= MAX_ANSWER_BYTES) this.#chunks.push(chunk);
    else this.#end({ kind: 'too-long', status: this.status });
  }

  onResponseEnd(): void {
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#end({ kind: 'answer', status: this.status, text: body.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end({ kind: 'failure', status: this.status, class: failureClass(error), error: brief(reasonOf(error)) });
  }

  #end(end: WireEnd): void {
    if (!this.done) this.#onEnd(this, end);
    this.#chunks.length = 0;
  }
}

/** The error's code where it has one: `ECONNREFUSED`, `ECONNRESET`, ...; undici's own names in plain words. */
function failureClass(error: unknown): string {
  const inner = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : '';
  if (code === 'UND_ERR_SOCKET') return 'connection-closed';
  return code === '' ? 'transport' : code;
}
