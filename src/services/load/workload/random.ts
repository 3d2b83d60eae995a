import { markKey } from '../../chain/prompt-mark.ts';
import { type Random, splitmix32 } from '../random-numbers.ts';

/** What a request draws, each from numbers of its own: one that draws more does not move another's. */
export const DRAWS = { class: 1, input: 2, output: 3, words: 4, shuffle: 5, turns: 6, think: 7, text: 8 } as const;

/**
 * Random numbers of one request for one purpose. The same seed, purpose and number make the same ones in every process,
 * so that generators that share a schedule agree, and any request can be made again.
 *
 * @param number of the request, of a conversation that of its session; negative for the warm-up
 */
export function randomOf(seed: number, purpose: keyof typeof DRAWS, number: number, turn = 0): Random {
  return splitmix32(markKey(markKey(markKey(seed, DRAWS[purpose]), turn), number));
}
