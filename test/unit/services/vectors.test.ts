import { expect, test } from 'vitest';
import { rank } from '../../../templates/services/engine-sim/openai/rerank.ts';
import { seededRandom } from '../../../templates/services/engine-sim/spread.ts';
import { cosine, DIMENSIONS, unit, vectorOf } from '../../../templates/services/engine-sim/vectors.ts';

const random = seededRandom(7);
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const letters = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
/** Words of which no two are the same. */
const words = (count: number, alphabet = LETTERS) => {
  const found = new Set<string>();
  while (found.size < count) found.add(letters(alphabet, 4 + Math.floor(random() * 6)));
  return [...found];
};
const likeness = (one: string, other: string) => cosine(vectorOf(one), vectorOf(other));

test('a vector has 256 numbers and a length of 1; the same text has the same', () => {
  const vector = vectorOf('The river carries the water to the sea.');
  expect(vector).toHaveLength(DIMENSIONS);
  expect(Math.hypot(...vector)).toBeCloseTo(1, 12);
  expect(vectorOf('The river carries the water to the sea.')).toEqual(vector);
});

test('case, marks, order and the way a letter is written do not count', () => {
  expect(likeness('Rivers, and the SEA!', 'the sea -- and rivers')).toBeCloseTo(1, 12);
  expect(likeness('ﬁne Ａ', 'fine a')).toBeCloseTo(1, 12);
});

test.each(['', ' ...! ', '\u0000'])('a text without words is the first axis: %j', (text) => {
  expect(vectorOf(text)).toEqual([1, ...Array(DIMENSIONS - 1).fill(0)]);
});

test('one of 20 words replaced is still near, 200 times', () => {
  for (let n = 0; n < 200; n++) {
    const [other, ...twenty] = words(21);
    const replaced = twenty.with(n % 20, other as string);
    expect(likeness(twenty.join(' '), replaced.join(' '))).toBeGreaterThanOrEqual(0.85);
  }
});

test('no word in common is far, 200 times', () => {
  for (let n = 0; n < 200; n++) {
    const both = words(40);
    expect(likeness(both.slice(0, 20).join(' '), both.slice(20).join(' '))).toBeLessThanOrEqual(0.3);
  }
});

test('the numbers are those of the definition', () => {
  // Of one word with one letter: `w:a` with -1, and `t:^a$` with 1/4; reckoned with another program.
  const length = Math.sqrt(1 + 1 / 16);
  const vector = vectorOf('a');
  const places = vector.flatMap((value, index) => (value === 0 ? [] : [[index, value]]));
  expect(places).toEqual([
    [11, 0.25 / length],
    [95, -1 / length],
  ]);
});

test('a shorter vector has a length of 1 again; one of zeros is the first axis', () => {
  expect(Math.hypot(...unit(vectorOf('the sea').slice(0, 64)))).toBeCloseTo(1, 12);
  expect(unit([0, 0, 0])).toEqual([1, 0, 0]);
});

test('documents come in the order of their likeness, equal ones as they were given', () => {
  const question = vectorOf('where does the river end');
  const answers = ['a cat', 'the river ends in the sea', 'the river', 'a cat', 'where does the river end'].map(
    vectorOf,
  );
  const ranked = rank(question, answers);
  expect(ranked.map(({ index }) => index)).toEqual([4, 2, 1, 0, 3]);
  expect(ranked[0]?.relevance_score).toBeCloseTo(1, 12);
});
