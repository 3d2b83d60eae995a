import type { Ask } from '../protocols/ask.ts';
import type { WorkloadSettings } from './settings.ts';
import { charactersFor, type TokenSample, type TokenScale, tokenScale, USUAL_SCALE } from './token-scale.ts';
import { wordPool } from './words.ts';

/** Lengths of the prompts that a target counts for us: far enough apart to tell what it adds to each. */
const ASKED = [64, 512];

/** Whether lengths are asked for in tokens, which become letters by what the target makes of them. */
export function asksForTokens({ inputTokens, mix = [], trace }: WorkloadSettings): boolean {
  return inputTokens !== undefined || trace !== undefined || mix.some((each) => each.inputTokens !== undefined);
}

/**
 * Asks a target to count two prompts, one token of answer each.
 *
 * @param count what the target says it counted in a prompt; undefined where it does not tell
 * @returns undefined where it does not tell, or tells what makes no sense
 */
export async function calibrate(
  seed: number,
  count: (ask: Ask) => Promise<number | undefined>,
): Promise<TokenScale | undefined> {
  const samples: TokenSample[] = [];
  for (const [at, tokens] of ASKED.entries()) {
    const characters = charactersFor(tokens, USUAL_SCALE);
    const content = wordPool(seed).slice(at / ASKED.length, characters);
    const counted = await count({ messages: [{ role: 'user', content }], maxTokens: 1 });
    if (counted !== undefined) samples.push({ characters, tokens: counted });
  }
  return samples.length < ASKED.length ? undefined : tokenScale(samples);
}
