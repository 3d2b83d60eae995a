/** Letters of a mark: 32 bits of a scrambled number, and one that holds the rest of it. */
export const MARK_WIDTH = 9;
const SCRAMBLED = MARK_WIDTH - 1;
const LETTER_A = 97;
/** Warm-up requests have the second half of the alphabet as their last letter. */
const LETTER_N = 110;
/** 2^32 divided by the golden ratio: multiples of it lie far apart, so that neighbours differ in their first letter. */
const GOLDEN = 0x9e37_79b1;

/**
 * Where the marks of a series of prompts begin. No two series of a seed have the same; a mark may come in two of them, so
 * a prompt also names its series.
 */
export function markKey(seed: number, series: number): number {
  return mixed(mixed(seed) ^ series);
}

/**
 * What a prompt begins with, so that it has nothing in common with another one from its first letter on: engines keep the
 * work for a common beginning. Letters, because tokenizers split digits into tokens of their own.
 *
 * No two indices of a key have the same mark: both steps of the scrambling can be undone.
 *
 * @param index of the request; negative for the warm-up; up to 5e10
 */
export function writeMark(bytes: Uint8Array, at: number, key: number, index: number): void {
  const number = Math.abs(index);
  const low = number % 0x1_0000_0000;
  let rest = (Math.imul(low, GOLDEN) + (index < 0 ? key ^ 0x8000_0000 : key)) >>> 0;
  for (let place = at + SCRAMBLED - 1; place >= at; place--) {
    bytes[place] = LETTER_A + (rest & 15);
    rest >>>= 4;
  }
  bytes[at + SCRAMBLED] = (index < 0 ? LETTER_N : LETTER_A) + (number - low) / 0x1_0000_0000;
}

/** The mark as text. */
export function markOf(key: number, index: number): string {
  const bytes = Buffer.alloc(MARK_WIDTH);
  writeMark(bytes, 0, key, index);
  return bytes.toString('latin1');
}

/** The finalizer of MurmurHash3: every bit of the number changes half of the bits of the result, and it can be undone. */
function mixed(number: number): number {
  let hash = number | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
