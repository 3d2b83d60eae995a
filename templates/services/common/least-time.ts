/** Only so many of the latest successes count, and fewer tell too little about the smallest. */
const KEPT = 32;
const NEEDED = 3;
/**
 * A success counts for this long, and for twice what it took besides: three that follow one another count together,
 * however slow they are. No longer, since whoever is refused by them keeps the chain from being seen to be faster.
 */
const FORGET_MS = 10_000;
const FORGET_TIMES = 2;

interface Sample {
  readonly ms: number;
  readonly ahead: number;
  readonly until: number;
}

/**
 * What an answer takes at least: the smallest of the latest successes that had about as many before them, half to all as
 * many as there are now. A lower bound on purpose, since whoever is refused by it would have got no answer anyway. It
 * cannot keep everybody out: where few are at work only those count that had few before them, what is old is forgotten,
 * and with nothing learnt nobody is refused. All times in milliseconds of one clock.
 */
export class LeastTime {
  readonly #samples: Sample[] = [];

  /** @param ahead how many others were at work when it began, where these are in its way */
  record(ms: number, now: number, ahead = 0): void {
    if (this.#samples.length === KEPT) this.#samples.shift();
    this.#samples.push({ ms, ahead, until: now + FORGET_MS + ms * FORGET_TIMES });
  }

  /** 0 when nothing is known. */
  at(now: number, ahead = 0): number {
    const counting = this.#samples.filter((sample) => sample.until > now && sample.ahead <= ahead);
    const alike = counting.filter((sample) => sample.ahead >= ahead / 2);
    const telling = alike.length < NEEDED ? counting : alike;
    return telling.length < NEEDED ? 0 : Math.min(...telling.map(({ ms }) => ms));
  }
}
