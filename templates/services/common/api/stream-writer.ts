import type { ServerResponse } from 'node:http';
import { ReaderWatch } from './reader-watch.ts';

/** What may wait for a slow reader before the engine is not read any more, in bytes; half of what is promised, since a
 * read of the engine comes on top. */
const MOST_WAITING = 512 << 10;
/**
 * Between the event that tells a failure and the end of the connection. A reader of `fetch` that sees both at once is told of
 * the broken connection, and loses what it has not read yet (Streams standard: an error empties the queue).
 */
const READ_FIRST_MS = 50;
/** How long a broken connection is kept for its reader, who has the end already, to close it. */
const LINGER_MS = 2000;

export interface StreamOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Sent when nothing else was for `pingMs`; the first time with the head. */
  readonly keepAlive: () => string;
  /** The last event of a stream that fails after its head. */
  readonly failure: (error: unknown) => string;
  readonly pingMs: number;
  readonly stalledMs?: number;
}

/**
 * A streamed answer. Its head leaves with the first event, so that whatever fails before keeps its status. A reader that
 * is slow slows only this stream; one that takes nothing counts as gone, and the response closes.
 */
export class StreamWriter {
  readonly #outgoing: ServerResponse;
  readonly #options: StreamOptions;
  readonly #ping: NodeJS.Timeout;
  readonly #watch: ReaderWatch;
  #waiting: Promise<void> | undefined;
  #resume: (() => void) | undefined;
  #ended = false;

  constructor(outgoing: ServerResponse, options: StreamOptions) {
    this.#outgoing = outgoing;
    this.#options = options;
    this.#ping = setTimeout(() => this.#keepAlive(), options.pingMs);
    this.#watch = new ReaderWatch(outgoing, options.stalledMs);
    outgoing.on('drain', () => this.#release());
    outgoing.once('close', () => this.#close());
    if (outgoing.destroyed) this.#close();
  }

  /** True once the head has left: failures can only be told as events then. */
  get begun(): boolean {
    return this.#outgoing.headersSent;
  }

  /**
   * Sends events with one write: give it all that came together.
   * @returns a promise when too much waits for the reader; it resolves when it may go on, or when the reader has left
   */
  send(events: string): Promise<void> | undefined {
    if (this.#ended || this.#outgoing.destroyed) return undefined;
    this.#begin();
    this.#outgoing.write(events);
    this.#ping.refresh();
    if (this.#outgoing.writableLength < MOST_WAITING) return undefined;
    this.#waiting ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
    return this.#waiting;
  }

  /** The last events and the clean end. */
  end(events: string): void {
    if (this.#ended || this.#outgoing.destroyed) return;
    this.#begin();
    this.#ended = true;
    clearTimeout(this.#ping);
    this.#outgoing.end(events);
  }

  /**
   * Ends a stream that has failed: an event that says why, then the connection is closed without the final chunk. By FIN,
   * since a reset may destroy what the reader has not read yet.
   */
  fail(error: unknown): void {
    if (this.#ended || this.#outgoing.destroyed) return;
    this.#begin();
    this.#ended = true;
    clearTimeout(this.#ping);
    // Behind answers to earlier requests of the connection there may be no socket yet, but there is when this is sent.
    this.#outgoing.write(this.#options.failure(error), () => {
      const { socket } = this.#outgoing;
      setTimeout(() => socket?.end(), READ_FIRST_MS);
      setTimeout(() => socket?.destroy(), LINGER_MS).unref();
    });
  }

  /** Nothing has been sent, and another answer takes its place. */
  abandon(): void {
    this.#close();
  }

  #begin(): void {
    if (!this.#outgoing.headersSent) this.#outgoing.writeHead(200, this.#options.headers);
  }

  #keepAlive(): void {
    // What still waits for the reader keeps the connection alive as well.
    if (this.#outgoing.writableLength === 0 || !this.begun) void this.send(this.#options.keepAlive());
    else this.#ping.refresh();
  }

  #release(): void {
    this.#resume?.();
    this.#resume = undefined;
    this.#waiting = undefined;
  }

  #close(): void {
    this.#ended = true;
    clearTimeout(this.#ping);
    this.#watch.stop();
    this.#release();
  }
}
