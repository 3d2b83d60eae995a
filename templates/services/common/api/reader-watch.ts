import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { kernelQueue } from './kernel-queue.ts';

/** A reader that takes nothing for so long has left. */
const STALLED_MS = 30_000;
/** So many times longer where the kernel does not tell what it holds: Node sees progress only in steps of megabytes. */
const UNSEEN = 10;

/**
 * Closes an answer whose reader takes nothing any more. What Node knows costs nothing to ask; only of who seems to stand
 * still the kernel is asked, too.
 */
export class ReaderWatch {
  readonly #outgoing: ServerResponse;
  readonly #stalledMs: number;
  readonly #queueOf: (socket: Socket) => Promise<number | undefined>;
  readonly #timer: NodeJS.Timeout;
  /** What had not been taken when it was last looked, here and in the kernel, and since when this has not changed. */
  #left = 0;
  #queued: number | undefined;
  #stillSince = 0;

  constructor(outgoing: ServerResponse, stalledMs = STALLED_MS, queueOf = kernelQueue) {
    this.#outgoing = outgoing;
    this.#stalledMs = stalledMs;
    this.#queueOf = queueOf;
    this.#timer = setInterval(() => this.#look(), stalledMs / 6);
    this.#timer.unref();
    outgoing.once('close', () => this.stop());
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { socket } = this.#outgoing;
    const left = this.#notTaken();
    if (left !== 0 && left === this.#left && socket) void this.#lookCloser(socket, left);
    else this.#moved(left, undefined);
  }

  async #lookCloser(socket: Socket, left: number): Promise<void> {
    const queued = await this.#queueOf(socket);
    if (this.#outgoing.destroyed || left !== this.#notTaken()) return;
    if (this.#queued !== undefined && queued !== this.#queued) this.#moved(left, queued);
    this.#queued = queued;
    const limit = queued === undefined ? this.#stalledMs * UNSEEN : this.#stalledMs;
    if (performance.now() - this.#stillSince >= limit) this.#outgoing.destroy();
  }

  #moved(left: number, queued: number | undefined): void {
    this.#left = left;
    this.#queued = queued;
    this.#stillSince = performance.now();
  }

  /** What the kernel has taken changes this figure, and so does what is written: only standing still is certain. */
  #notTaken(): number {
    const { socket, writableLength } = this.#outgoing;
    if (writableLength === 0 || !socket) return 0;
    // Of one large write Node itself tells only the end; its handle knows how much of it has gone.
    const handle = (socket as unknown as { _handle?: { writeQueueSize?: number } })._handle;
    return handle?.writeQueueSize ?? writableLength;
  }
}
