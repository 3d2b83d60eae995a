export const POLICIES = ['round-robin', 'least-latency', 'failover'] as const;
export type Policy = (typeof POLICIES)[number];

/** What a policy looks at. */
export interface Candidate {
  /** The moving mean of its time to the first byte, in milliseconds; undefined before the first answer. */
  readonly latencyMs: number | undefined;
  readonly inFlight: number;
}

/** Every so-manieth request goes to another address than the quickest, so that one that has become quick is noticed. */
const EXPLORE_EVERY = 20;

/** Chooses the next address. Its only state is whose turn it is. */
export class Chooser<T extends Candidate> {
  readonly #policy: Policy;
  #next = 0;
  #chosen = 0;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /**
   * @param all in the order of the configuration
   * @param usable of these, those that may be asked now
   * @returns undefined where none is usable
   */
  choose(all: readonly T[], usable: (candidate: T) => boolean): T | undefined {
    const candidates = all.filter(usable);
    if (candidates.length < 2) return candidates[0];
    if (this.#policy === 'failover') return candidates[0];
    if (this.#policy === 'round-robin') return this.#inTurn(all, candidates);
    const quickest = leastLoaded(candidates);
    this.#chosen++;
    const explores = this.#chosen % EXPLORE_EVERY === 0;
    return explores ? this.#inTurn(all, candidates, quickest) : quickest;
  }

  #inTurn(all: readonly T[], candidates: readonly T[], except?: T): T | undefined {
    for (let step = 0; step < all.length; step++) {
      const index = (this.#next + step) % all.length;
      const candidate = all[index] as T;
      if (candidate === except || !candidates.includes(candidate)) continue;
      this.#next = (index + 1) % all.length;
      return candidate;
    }
    return undefined;
  }
}

/** An unknown one is tried first, but only by one request at a time: it may be one that never answers. */
function leastLoaded<T extends Candidate>(candidates: readonly T[]): T | undefined {
  const untried = candidates.find(({ latencyMs, inFlight }) => latencyMs === undefined && inFlight === 0);
  if (untried !== undefined) return untried;
  const known = candidates.filter(({ latencyMs }) => latencyMs !== undefined);
  const cost = ({ latencyMs = 1, inFlight }: T) => latencyMs * (inFlight + 1);
  return (known.length > 0 ? known : candidates).toSorted((one, other) => cost(one) - cost(other))[0];
}
