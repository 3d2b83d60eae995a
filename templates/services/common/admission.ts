import { overloaded, type Problem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';

export interface AdmissionOptions extends Lane {
  /** How many may work at once. */
  readonly concurrency: number;
  /** How many may wait for a place. */
  readonly queue: number;
}

/** What work of one kind asks for beside a place. */
interface Lane {
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

/** Work that asks for nothing but a place. */
const FREE: Lane = {};

interface Waiter {
  readonly lane: Lane;
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
  readonly #gated: Lane;
  #active = 0;
  // A Set keeps insertion order and deletes in O(1): callers that give up leave from the middle.
  readonly #waiters = new Set<Waiter>();
  #lastRelease = 0;
  #gapMs = 0;

  constructor(options: AdmissionOptions) {
    const { gate } = options;
    this.#options = options;
    this.#gated = gate === undefined ? FREE : { gate };
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** True when the next `enter` would be refused; cheap enough to ask before a body is read. */
  get full(): boolean {
    return this.#isFull(this.#options);
  }

  /** True when the next `enterFree` would be refused. */
  get fullForFree(): boolean {
    return this.#isFull(FREE);
  }

  /** The refusal to send when `full`. */
  refusal(): Problem {
    const { active, waiting } = this;
    return overloaded(`${active} at work and ${waiting} waiting`, ((waiting + 1) * this.#gapMs) / 1000);
  }

  /** Throws a 504 when an answer can no longer be there before the caller's deadline. */
  checkHope(scope: RequestScope): void {
    // Most callers name no deadline, and need no estimate.
    if (scope.deadlineAt !== Infinity) scope.checkHope(leastMsOf(this.#options));
  }

  /**
   * Takes a place, waiting for one if the queue has room. Rejects with a 503 when it has not, with a 504 when the
   * caller's deadline passes first or can no longer be met, with a 499 when the caller leaves. Give the place back with
   * `leave()`, once.
   *
   * @returns how long it waited, in milliseconds
   */
  enter(scope: RequestScope): Promise<number> {
    return this.#enter(scope, this.#options);
  }

  /** The same for work of which nobody knows how long it takes: the gate is about it, the least time is not. */
  enterGated(scope: RequestScope): Promise<number> {
    return this.#enter(scope, this.#gated);
  }

  /** The same for work that asks for nothing but a place: neither the gate nor the least time is about it. */
  enterFree(scope: RequestScope): Promise<number> {
    return this.#enter(scope, FREE);
  }

  async #enter(scope: RequestScope, lane: Lane): Promise<number> {
    scope.check();
    if (scope.deadlineAt !== Infinity) scope.checkHope(leastMsOf(lane));
    if (this.#waiters.size === 0 && this.#mayStart(lane)) {
      this.#take(lane);
      return 0;
    }
    if (this.#isFull(lane)) throw this.refusal();
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
          if (scope.deadlineAt !== Infinity) scope.checkHope(leastMsOf(lane));
          return true;
        } catch (why) {
          leaveQueue(why);
          return false;
        }
      };
      // What is known may change meanwhile, so the hour of giving up is looked at again when it has come.
      const watch = () => {
        if (scope.deadlineAt === Infinity) return;
        const ms = scope.remainingMs() - leastMsOf(lane);
        timer = setTimeout(() => stillHopes() && watch(), Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(ms))));
      };
      const waiter: Waiter = {
        lane,
        grant: () => {
          if (!stillHopes()) return;
          clearTimeout(timer);
          unsubscribe();
          this.#take(lane);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      const unsubscribe = scope.onCancel(leaveQueue);
      watch();
      // Whoever waits for a gate alone is not before this one.
      this.pump();
    });
    return performance.now() - since;
  }

  leave(): void {
    this.#active--;
    this.#measureGap();
    this.pump();
  }

  /** Starts as many waiters as may start now; one that waits for its gate holds up only those of its kind. */
  pump(): void {
    for (const waiter of this.#waiters) {
      if (this.#active >= this.#options.concurrency) return;
      if (!this.#mayStart(waiter.lane)) continue;
      this.#waiters.delete(waiter);
      waiter.grant();
    }
  }

  #isFull(lane: Lane): boolean {
    return this.#waiters.size >= this.#options.queue && !this.#mayStart(lane);
  }

  #mayStart(lane: Lane): boolean {
    return this.#active < this.#options.concurrency && (lane.gate?.mayStart() ?? true);
  }

  #take(lane: Lane): void {
    this.#active++;
    lane.gate?.started();
  }

  /** A moving mean of the time between two places becoming free: what `Retry-After` is computed from. */
  #measureGap(): void {
    const now = performance.now();
    if (this.#lastRelease > 0) this.#gapMs += (Math.min(now - this.#lastRelease, 30_000) - this.#gapMs) * 0.1;
    this.#lastRelease = now;
  }
}

function leastMsOf(lane: Lane): number {
  return lane.leastMs?.() ?? 0;
}
