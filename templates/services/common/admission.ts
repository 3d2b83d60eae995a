import { overloaded, type Problem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';

export interface AdmissionOptions {
  /** How many may work at once. */
  readonly concurrency: number;
  /** How many may wait for a place. */
  readonly queue: number;
  /** A further condition for starting; whoever changes its outcome calls `pump()`. */
  readonly gate?: AdmissionGate;
}

interface AdmissionGate {
  mayStart(): boolean;
  /** Told in the same tick in which a place is taken, or two waiters would pass for one. */
  started(): void;
}

interface Waiter {
  grant(): void;
}

/**
 * A bounded number of working places with a bounded queue before them, first come first served.
 * The queue stands before the work, never behind it: what waits here has cost nothing yet and can be refused or
 * abandoned for free.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  #active = 0;
  // A Set keeps insertion order and deletes in O(1): callers that give up leave from the middle.
  readonly #waiters = new Set<Waiter>();
  #lastRelease = 0;
  #gapMs = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** True when the next `enter` would be refused; cheap enough to ask before a body is read. */
  get full(): boolean {
    return this.#waiters.size >= this.#options.queue && !this.#mayStart();
  }

  /** The refusal to send when `full`. */
  refusal(): Problem {
    const { active, waiting } = this;
    return overloaded(`${active} at work and ${waiting} waiting`, ((waiting + 1) * this.#gapMs) / 1000);
  }

  /**
   * Takes a place, waiting for one if the queue has room. Rejects with a 503 when it has not, with a 504 when the
   * caller's deadline passes first, with a 499 when the caller leaves. Give the place back with `leave()`, once.
   */
  async enter(scope: RequestScope): Promise<void> {
    scope.check();
    if (this.#waiters.size === 0 && this.#mayStart()) {
      this.#take();
      return;
    }
    if (this.full) throw this.refusal();
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        grant: () => {
          unsubscribe();
          this.#take();
          resolve();
        },
      };
      this.#waiters.add(waiter);
      const unsubscribe = scope.onCancel((why) => {
        this.#waiters.delete(waiter);
        reject(why);
      });
    });
  }

  leave(): void {
    this.#active--;
    this.#measureGap();
    this.pump();
  }

  /** Starts as many waiters as may start now. */
  pump(): void {
    while (this.#waiters.size > 0 && this.#mayStart()) {
      const [next] = this.#waiters;
      if (!next) return;
      this.#waiters.delete(next);
      next.grant();
    }
  }

  #mayStart(): boolean {
    return this.#active < this.#options.concurrency && (this.#options.gate?.mayStart() ?? true);
  }

  #take(): void {
    this.#active++;
    this.#options.gate?.started();
  }

  /** A moving mean of the time between two places becoming free: what `Retry-After` is computed from. */
  #measureGap(): void {
    const now = performance.now();
    if (this.#lastRelease > 0) this.#gapMs += (Math.min(now - this.#lastRelease, 30_000) - this.#gapMs) * 0.1;
    this.#lastRelease = now;
  }
}
