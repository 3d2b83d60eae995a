import { expect, test } from 'vitest';
import { generateText, type TextRequest, tokenize } from '../../../templates/services/engine-sim/text.ts';

const prompt = 'Rivers carry water to the sea, and the sea gives water back to rivers by way of the rain. '.repeat(10);
const REQUEST: TextRequest = {
  prompt,
  seed: 1,
  temperature: 0.2,
  maxTokens: 60,
  meanTokens: Infinity,
  stop: [],
  json: false,
};
const say = (more: Partial<TextRequest> = {}) => generateText({ ...REQUEST, ...more });

test('text is made of the prompt’s words, in sentences, and the same for the same seed', () => {
  const text = say().tokens.join('');
  expect(say().tokens.join('')).toBe(text);
  expect(say({ seed: 2 }).tokens.join('')).not.toBe(text);
  const known = new Set(prompt.toLowerCase().match(/\w+/g));
  for (const word of text.toLowerCase().match(/\w+/g) ?? []) expect(known).toContain(word);
  expect(text).toMatch(/^[A-Z][^.]+\. [A-Z]/);
});

test('the limit cuts with `length`; without one the text comes to its end, which is a token, with `stop`', () => {
  expect(say({ maxTokens: 7 })).toMatchObject({ count: 7, doneReason: 'length' });
  expect(say({ maxTokens: 7 }).tokens).toHaveLength(7);
  for (const maxTokens of [0, -1]) {
    const whole = say({ maxTokens, meanTokens: 100 });
    expect(whole).toMatchObject({ count: whole.tokens.length + 1, doneReason: 'stop' });
  }
});

test('lengths are spread around their mean', () => {
  const counts = Array.from({ length: 2000 }, (_, seed) => say({ seed, maxTokens: -1, meanTokens: 50 }).count);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  expect(mean).toBeGreaterThan(46);
  expect(mean).toBeLessThan(54);
  expect(counts.filter((count) => count < 25).length).toBeGreaterThan(200);
  expect(counts.filter((count) => count > 100).length).toBeGreaterThan(50);
});

test('a stop word cuts before itself, wherever in a token it stands; the limit comes first', () => {
  const { tokens } = say();
  const word = (tokens[9] as string).trim().slice(1);
  const index = tokens.findIndex((_, last) =>
    tokens
      .slice(0, last + 1)
      .join('')
      .includes(word),
  );
  const text = tokens.join('');
  const stopped = say({ stop: ['never said', word] });
  expect(stopped.tokens.join('')).toBe(text.slice(0, text.indexOf(word)));
  expect(stopped).toMatchObject({ count: index + 1, doneReason: 'stop' });
  expect(say({ stop: [word], maxTokens: index + 1 })).toMatchObject({ count: index + 1, doneReason: 'length' });
  // Nothing is said with the first token.
  expect(say({ stop: ['never said', ''] })).toEqual({ tokens: [], count: 1, doneReason: 'stop' });
});

test('an answer that is to be JSON can be read as such once it has ended', () => {
  const whole = say({ json: true, meanTokens: 20, maxTokens: -1 });
  expect(JSON.parse(whole.tokens.join(''))).toEqual({ text: expect.any(String) });
  expect(whole.count).toBe(whole.tokens.length + 1);
});

test('a prompt without a word still gets an answer', () => {
  expect(say({ prompt: '!!! 😀', maxTokens: 5 }).tokens).toHaveLength(5);
});

test('four characters are a token, and equal beginnings have equal ones', () => {
  expect(tokenize('')).toHaveLength(1);
  expect(tokenize('x'.repeat(1200))).toHaveLength(300);
  const [one, other] = [tokenize('abcdefgh and so'), tokenize('abcdefgh or')];
  expect(one.slice(0, 2)).toEqual(other.slice(0, 2));
  expect(one[2]).not.toBe(other[2]);
});
