import { hashText } from './text.ts';

/** Of every vector, before it is cut to what a request wants. */
export const DIMENSIONS = 256;

const WORD_WEIGHT = 1;
const TRIGRAM_WEIGHT = 0.25;

/**
 * A text as a point on a sphere: texts with words in common are near each other, others are not. Words and what they are
 * made of are hashed to places and signs (feature hashing, by Weinberger and others, 2009).
 */
export function vectorOf(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  for (const [word] of text
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    add(vector, `w:${word}`, WORD_WEIGHT);
    const characters = ['^', ...word, '$'];
    for (let i = 0; i + 3 <= characters.length; i++) {
      add(vector, `t:${characters.slice(i, i + 3).join('')}`, TRIGRAM_WEIGHT);
    }
  }
  return unit(vector);
}

/** Divided by its length; `[1, 0, ...]` for one without. */
export function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector.map((_, index) => (index === 0 ? 1 : 0)) : vector.map((value) => value / length);
}

/** Of two vectors of length 1. */
export function cosine(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}

function add(vector: number[], feature: string, weight: number): void {
  const hash = finalized(hashText(feature));
  const place = hash % DIMENSIONS;
  vector[place] = (vector[place] as number) + (hash < 2 ** 31 ? weight : -weight);
}

/** The 32-bit finalizer of MurmurHash3: without it, texts that differ in their end have places in common. */
function finalized(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
