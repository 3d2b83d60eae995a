import { expect, test } from 'vitest';
import { countTokens, generateText } from '../../../templates/services/engine-sim/text.ts';

const prompt = 'Rivers carry water to the sea, and the sea gives water back to rivers by way of the rain. '.repeat(10);

test('text is made of the prompt’s words, in sentences, and the same for the same seed', () => {
  const say = (seed: number) => generateText({ prompt, seed, temperature: 0.2, maxTokens: 60 });
  const text = say(1).tokens.join('');
  expect(say(1).tokens.join('')).toBe(text);
  expect(say(2).tokens.join('')).not.toBe(text);
  const known = new Set(prompt.toLowerCase().match(/\w+/g));
  for (const word of text.toLowerCase().match(/\w+/g) ?? []) expect(known).toContain(word);
  expect(text).toMatch(/^[A-Z][^.]+\. [A-Z]/);
});

test('the limit cuts with `length`; without one the text comes to its end with `stop` and a full stop', () => {
  const cut = generateText({ prompt, seed: 1, temperature: 0, maxTokens: 7 });
  expect([cut.tokens.length, cut.doneReason]).toEqual([7, 'length']);
  const whole = generateText({ prompt, seed: 1, temperature: 0, maxTokens: -1 });
  expect(whole.doneReason).toBe('stop');
  expect(whole.tokens.at(-1)).toMatch(/\.$/);
});

test('a prompt without a word still gets an answer', () => {
  expect(generateText({ prompt: '!!! 😀', seed: 1, temperature: 1, maxTokens: 5 }).tokens).toHaveLength(5);
  expect(countTokens('')).toBe(1);
  expect(countTokens('x'.repeat(1200))).toBe(300);
});
