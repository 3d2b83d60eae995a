/** Time, in milliseconds, and one-shot timers; the real ones or a test's. */
export interface Clock {
  now(): number;
  setTimer(ms: number, fire: () => void): () => void;
}

export interface Job {
  /**
   * The work up to each milestone, in milliseconds of the whole machine, not cumulative. The job leaves with the last.
   */
  readonly work: readonly number[];
  /**
   * `at` is when the milestone was reached by calculation, which a late timer does not move. A promise holds the job:
   * it has no share of the machine until that resolves.
   */
  onMilestone(index: number, at: number): Promise<void> | undefined;
}

interface Running {
  readonly job: Job;
  index: number;
  /** In virtual time: reached when the machine has done this much for each of its jobs. */
  nextAt: number;
  /** It was taken off early. */
  left: boolean;
}

/**
 * A machine that divides its speed equally between the jobs on it: with n jobs each runs at 1/n. Virtual time advances
 * at 1/n of real time, so that a job's finishing point in virtual time is fixed the moment it begins and only the next
 * milestone needs a timer (the textbook construction of processor sharing, as in fair queueing by Demers, Keshav and
 * Shenker, 1989). Exact: no ticks, and a late timer changes nobody's share.
 */
export class ProcessorSharing {
  readonly #clock: Clock;
  readonly #jobs = new Set<Running>();
  #virtual = 0;
  #at: number;
  #cancelTimer: (() => void) | undefined;
  #advancing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** The instant up to which everything is settled; inside `onMilestone` it is the milestone's. */
  get now(): number {
    return this.#advancing ? this.#at : this.#clock.now();
  }

  /** Adds a job; milestones without work are reached before this returns. Returns the way to take it off early. */
  add(job: Job): () => void {
    this.#advance();
    const running: Running = { job, index: 0, nextAt: this.#virtual + (job.work[0] ?? 0), left: false };
    this.#jobs.add(running);
    this.#advance();
    return () => {
      running.left = true;
      if (!this.#jobs.has(running)) return;
      this.#advance();
      this.#jobs.delete(running);
      this.#arm();
    };
  }

  /** Settles everything up to now, milestone by milestone in their order, and sets the timer for the next one. */
  #advance(): void {
    // A milestone may add a job (the next in the queue): the loop below sees it at its own instant.
    if (this.#advancing) return;
    this.#advancing = true;
    const now = this.#clock.now();
    for (let next = this.#earliest(); next; next = this.#earliest()) {
      const reachedAt = this.#at + (next.nextAt - this.#virtual) * this.#jobs.size;
      if (reachedAt > now) break;
      this.#at = Math.max(this.#at, reachedAt);
      this.#virtual = Math.max(this.#virtual, next.nextAt);
      this.#reach(next);
    }
    if (this.#jobs.size > 0) this.#virtual += Math.max(0, now - this.#at) / this.#jobs.size;
    this.#at = now;
    this.#advancing = false;
    this.#arm();
  }

  #reach(running: Running): void {
    const index = running.index++;
    const next = running.job.work[running.index];
    if (next === undefined) this.#jobs.delete(running);
    else running.nextAt += next;
    const hold = running.job.onMilestone(index, this.#at);
    if (hold === undefined || next === undefined || running.left) return;
    this.#jobs.delete(running);
    void hold.then(() => this.#goOn(running, next));
  }

  #goOn(running: Running, work: number): void {
    if (running.left) return;
    this.#advance();
    running.nextAt = this.#virtual + work;
    this.#jobs.add(running);
    this.#advance();
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const next = this.#earliest();
    if (!next) return;
    const ms = (next.nextAt - this.#virtual) * this.#jobs.size;
    this.#cancelTimer = this.#clock.setTimer(Math.max(0, ms), () => this.#advance());
  }

  /** A scan: there are as many jobs as the engine has slots, too few for a heap to pay. */
  #earliest(): Running | undefined {
    let earliest: Running | undefined;
    for (const running of this.#jobs) {
      if (!earliest || running.nextAt < earliest.nextAt) earliest = running;
    }
    return earliest;
  }
}

export const realClock: Clock = {
  now: () => performance.now(),
  setTimer: (ms, fire) => {
    const timer = setTimeout(fire, Math.ceil(ms));
    return () => clearTimeout(timer);
  },
};
