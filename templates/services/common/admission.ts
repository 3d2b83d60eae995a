import { overloaded, type Problem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';

export interface AdmissionOptions {
  /** How many may work at once. */
  readonly concurrency: number;
  /** How many may wait for a place. */
  readonly queue: number;
  /** A further condition for starting; whoever changes its outcome calls `pump()`. */
  readonly gate?: AdmissionGate;
  /** What the work takes at least, in milliseconds, as known now: whoever waits for less is refused before it begins. */
  readonly leastMs?: () => number;
}

interface AdmissionGate {
  mayStart(): boolean;
  /** Told in the same tick in which a place is taken, or two waiters would pass for one. */
  started(): void;
}

interface Waiter {
  /** Takes the place, or leaves the queue where it has become of no use. */
  grant(): void;
}

/** Longer delays overflow Node's timers. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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

  /** Throws a 504 when an answer can no longer be there before the caller's deadline. */
  checkHope(scope: RequestScope): void {
    // Most callers name no deadline, and need no estimate.
    if (scope.deadlineAt !== Infinity) scope.checkHope(this.#leastMs());
  }

  /**
   * Takes a place, waiting for one if the queue has room. Rejects with a 503 when it has not, with a 504 when the
   * caller's deadline passes first or can no longer be met, with a 499 when the caller leaves. Give the place back with
   * `leave()`, once.
   *
   * @returns how long it waited, in milliseconds
   */
  async enter(scope: RequestScope): Promise<number> {
    scope.check();
    this.checkHope(scope);
    if (this.#waiters.size === 0 && this.#mayStart()) {
      this.#take();
      return 0;
    }
    if (this.full) throw this.refusal();
    const since = performance.now();
    await new Promise<void>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const leaveQueue = (why: unknown) => {
        clearTimeout(timer);
        unsubscribe();
        this.#waiters.delete(waiter);
        reject(why);
      };
      const stillHopes = () => {
        try {
          this.checkHope(scope);
          return true;
        } catch (why) {
          leaveQueue(why);
          return false;
        }
      };
      // What is known may change meanwhile, so the hour of giving up is looked at again when it has come.
      const watch = () => {
        if (scope.deadlineAt === Infinity) return;
        const ms = scope.remainingMs() - this.#leastMs();
        timer = setTimeout(() => stillHopes() && watch(), Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(ms))));
      };
      const waiter: Waiter = {
        grant: () => {
          if (!stillHopes()) return;
          clearTimeout(timer);
          unsubscribe();
          this.#take();
          resolve();
        },
      };
      this.#waiters.add(waiter);
      const unsubscribe = scope.onCancel(leaveQueue);
      watch();
    });
    return performance.now() - since;
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

  #leastMs(): number {
    return this.#options.leastMs?.() ?? 0;
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
