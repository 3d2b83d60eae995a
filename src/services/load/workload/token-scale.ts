/** How a target counts the tokens of a prompt: a fixed number for its own, and one for so many characters. */
export interface TokenScale {
  readonly charactersPerToken: number;
  /** What a chat template adds to each prompt. */
  readonly overheadTokens: number;
}

/** Of short common words, for the tokenizers in use. */
export const USUAL_SCALE: TokenScale = { charactersPerToken: 4, overheadTokens: 0 };

/** A prompt that was sent, and what the target said it counted. */
export interface TokenSample {
  readonly characters: number;
  readonly tokens: number;
}

/** No tokenizer makes more of short English words. */
const POSSIBLE = { least: 1, most: 20 };

/**
 * What prompts of two different lengths tell of how a target counts, and of what it adds to each.
 *
 * @returns undefined where it makes no sense, as of a target that cuts prompts or counts something else
 */
export function tokenScale(samples: readonly TokenSample[]): TokenScale | undefined {
  const [short, long] = samples.toSorted((a, b) => a.characters - b.characters);
  if (short === undefined || long === undefined) return undefined;
  const charactersPerToken = (long.characters - short.characters) / (long.tokens - short.tokens);
  const overheadTokens = Math.round(short.tokens - short.characters / charactersPerToken);
  const isPossible = charactersPerToken >= POSSIBLE.least && charactersPerToken <= POSSIBLE.most;
  if (!isPossible || overheadTokens > short.tokens) return undefined;
  return { charactersPerToken: Number(charactersPerToken.toFixed(3)), overheadTokens: Math.max(0, overheadTokens) };
}

/** Characters of a prompt of so many tokens; at least one. */
export function charactersFor(
  tokens: number,
  { charactersPerToken, overheadTokens }: TokenScale = USUAL_SCALE,
): number {
  return Math.max(1, Math.round((tokens - overheadTokens) * charactersPerToken));
}
