/** Only so many of the latest successes count, and fewer tell too little about the smallest. */
const KEPT = 32;
const NEEDED = 3;
/** A success counts for this long, and for this many times what it took besides: slow chains succeed rarely. */
const FORGET_MS = 60_000;
const FORGET_TIMES = 4;

interface Sample {
  readonly ms: number;
  readonly until: number;
}

/**
 * What a step takes at least: the smallest of its latest successes. A lower bound on purpose, since whoever is refused by
 * it would have got no answer anyway. What is old is forgotten, or a chain that has become faster could never show it:
 * with nothing learnt nobody is refused. All times in milliseconds of one clock.
 */
export class LeastTime {
  readonly #samples: Sample[] = [];

  /** @param ms how long a success took, without any waiting for a place */
  record(ms: number, now: number): void {
    if (this.#samples.length === KEPT) this.#samples.shift();
    this.#samples.push({ ms, until: now + FORGET_MS + ms * FORGET_TIMES });
  }

  /** 0 when nothing is known. */
  at(now: number): number {
    const counting = this.#samples.filter(({ until }) => until > now);
    return counting.length < NEEDED ? 0 : Math.min(...counting.map(({ ms }) => ms));
  }
}
