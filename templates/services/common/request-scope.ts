import type { ServerResponse } from 'node:http';
import { clientGone, Problem } from './problem.ts';

/** Milliseconds the caller is still willing to wait. Relative, so that clocks need not agree. */
export const TIMEOUT_HEADER = 'x-request-timeout-ms';

/**
 * One request's lifetime: when it began, when its caller stops waiting, and who must be told when either the caller
 * or its patience is gone. Lighter than an AbortController per request, which shows at thousands of requests a second.
 */
export class RequestScope {
  /** `performance.now()` at the beginning, in milliseconds. */
  readonly startedAt = performance.now();
  readonly deadlineAt: number;
  #unsubscribe: (() => void) | undefined;
  readonly #late: () => Problem;
  #cancelled: Problem | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  readonly #listeners = new Set<(why: Problem) => void>();

  /** @param from the answer that is waited for, or the whole of which this is a part; undefined where nobody waits */
  constructor(
    from: ServerResponse | RequestScope | undefined,
    timeoutHeader: string | undefined,
    late: (timeoutMs: number) => Problem = deadlinePassed,
  ) {
    const timeoutMs = parseTimeout(timeoutHeader);
    const whole = from instanceof RequestScope ? from : undefined;
    const ownDeadline = this.startedAt + timeoutMs;
    this.deadlineAt = Math.min(ownDeadline, whole?.deadlineAt ?? Infinity);
    // The reason is that of whichever ends first.
    this.#late = whole !== undefined && whole.deadlineAt < ownDeadline ? whole.#late : () => late(timeoutMs);
    if (timeoutMs < 2 ** 31) {
      this.#timer = setTimeout(() => this.cancel(this.#late()), Math.max(0, timeoutMs));
    }
    if (from instanceof RequestScope) {
      this.#unsubscribe = from.onCancel((why) => this.cancel(why));
      return;
    }
    from?.once('close', () => {
      if (!from.writableFinished) this.cancel(clientGone());
      this.end();
    });
  }

  /**
   * A part of the request: ends with it, by `cancel`, or after `timeoutMs`, where `late` makes the reason. Its user calls
   * `end()`.
   */
  part(timeoutMs = Infinity, late?: (timeoutMs: number) => Problem): RequestScope {
    return new RequestScope(this, timeoutMs === Infinity ? undefined : String(timeoutMs), late);
  }

  /** Milliseconds left; Infinity where the caller named no limit. */
  remainingMs(): number {
    return this.deadlineAt - performance.now();
  }

  elapsedSeconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** Throws when there is nobody left to work for. Call it before anything that costs. */
  check(): void {
    if (this.#cancelled) throw this.#cancelled;
    if (this.remainingMs() <= 0) throw this.#late();
  }

  /** Throws when the caller's deadline comes before `leastMs` are over: an answer that cannot be in time costs for nothing. */
  checkHope(leastMs: number): void {
    const remaining = this.remainingMs();
    if (leastMs <= 0 || remaining >= leastMs) return;
    throw new Problem(
      504,
      `deadline passed: the caller waits ${seconds(remaining)} s more and an answer takes at least ${seconds(leastMs)} s`,
      {},
      { code: 'deadline_exceeded' },
    );
  }

  /** Calls `listener` once when the caller is gone or its deadline has passed. Returns the way to unsubscribe. */
  onCancel(listener: (why: Problem) => void): () => void {
    if (this.#cancelled) {
      listener(this.#cancelled);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits until `at` (`performance.now()` milliseconds); rejects as soon as the request is cancelled. */
  sleepUntil(at: number): Promise<void> {
    const ms = at - performance.now();
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        unsubscribe();
        // Timers may fire up to a millisecond early, and the caller was promised a minimum.
        resolve(this.sleepUntil(at));
      }, Math.ceil(ms));
      const unsubscribe = this.onCancel((why) => {
        clearTimeout(timer);
        reject(why);
      });
    });
  }

  /** The answer is decided: drop the timer and the listeners. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
    this.#listeners.clear();
  }

  /** Ends the work for a reason; what has begun is told it. */
  cancel(why: Problem): void {
    if (this.#ended || this.#cancelled) return;
    this.#cancelled = why;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener(why);
  }
}

function parseTimeout(header: string | undefined): number {
  if (header === undefined) return Infinity;
  const ms = Number(header);
  if (header.trim() === '' || !Number.isFinite(ms)) {
    throw new Problem(400, `${TIMEOUT_HEADER} must be a number of milliseconds`);
  }
  return ms;
}

function seconds(ms: number): number {
  return Number((Math.max(0, ms) / 1000).toFixed(ms < 10_000 ? 2 : 1));
}

function deadlinePassed(timeoutMs: number): Problem {
  const detail =
    timeoutMs > 0
      ? `deadline passed: the caller waits at most ${Math.round(timeoutMs)} ms`
      : `deadline passed: it was over when the request came (${TIMEOUT_HEADER}: ${timeoutMs})`;
  return new Problem(504, detail, {}, { code: 'deadline_exceeded' });
}
