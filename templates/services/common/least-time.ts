/** Only so many of the latest successes count. */
const KEPT = 32;
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
  #samples: Sample[] = [];

  /** @param ms how long a success took, without any waiting for a place */
  record(ms: number, now: number): void {
    if (this.#samples.length === KEPT) this.#samples.shift();
    this.#samples.push({ ms, until: now + FORGET_MS + ms * FORGET_TIMES });
  }

  /** 0 when nothing is known. */
  at(now: number): number {
    let least = Infinity;
    for (const { ms, until } of this.#samples) if (until > now && ms < least) least = ms;
    return least === Infinity ? 0 : least;
  }
}
