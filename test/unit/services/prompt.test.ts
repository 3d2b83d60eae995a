import { expect, test } from 'vitest';
import { countCodePoints, firstCodePoints, validatePrompt } from '../../../templates/services/common/prompt.ts';

test('code points are counted, whatever their UTF-16 length', () => {
  for (const text of [
    '',
    'abc',
    '😀',
    'a😀b',
    '😀😀',
    '\ud83d',
    '\ude00',
    'a\ud83d',
    '\ud83d\ud83d\ude00',
    'é',
    '👩‍👩‍👧',
  ]) {
    expect([text, countCodePoints(text)]).toEqual([text, [...text].length]);
  }
});

test('cutting never splits a surrogate pair', () => {
  expect(firstCodePoints('a😀b', 2)).toBe('a😀');
  expect(firstCodePoints('😀'.repeat(800), 700)).toBe('😀'.repeat(700));
  expect(firstCodePoints('short', 700)).toBe('short');
  expect(firstCodePoints('a\ud83db', 2)).toBe('a\ud83d');
  expect(firstCodePoints('abc', 0)).toBe('');
});

test('1000 code points are a prompt, 999 are not', () => {
  expect(validatePrompt({ prompt: '😀'.repeat(1000) }).length).toBe(1000);
  expect(() => validatePrompt({ prompt: '😀'.repeat(999) })).toThrow('prompt must be at least 1000 characters');
  for (const body of [undefined, null, 1, 'x', [], {}, { prompt: ['x'] }]) {
    expect(() => validatePrompt(body)).toThrow('prompt must be at least 1000 characters');
  }
});
