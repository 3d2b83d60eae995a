/** One slot of a runner: what its key-value cache holds, as tokens. */
export interface CacheSlot {
  tokens: readonly number[];
  inUse: boolean;
}

/** The prompts of a runner's slots, as `runner/ollamarunner/cache.go` keeps them. */
export class PromptCache {
  readonly #slots: readonly CacheSlot[];

  constructor(slots: number) {
    this.#slots = Array.from({ length: slots }, () => ({ tokens: [], inUse: false }));
  }

  /**
   * Takes the free slot with the longest beginning in common, which drops what else the slot held. One token is always
   * left to compute: the answer begins with it.
   * @returns how many of the prompt's tokens need no work
   */
  take(prompt: readonly number[]): { slot: CacheSlot; cached: number } {
    let best: CacheSlot | undefined;
    let longest = -1;
    for (const slot of this.#slots) {
      if (slot.inUse) continue;
      const common = commonBeginning(slot.tokens, prompt);
      if (common <= longest) continue;
      longest = common;
      best = slot;
    }
    // There are as many slots as requests may run.
    if (best === undefined) throw new Error('no available cache slots');
    best.inUse = true;
    return { slot: best, cached: Math.min(longest, prompt.length - 1) };
  }

  /** The slot is free again and holds `tokens`. */
  give(slot: CacheSlot, tokens: readonly number[]): void {
    slot.inUse = false;
    slot.tokens = tokens;
  }
}

function commonBeginning(one: readonly number[], other: readonly number[]): number {
  const length = Math.min(one.length, other.length);
  let common = 0;
  while (common < length && one[common] === other[common]) common++;
  return common;
}
