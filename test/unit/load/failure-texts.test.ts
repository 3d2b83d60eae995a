import { expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { FailureTexts } from '../../../src/services/load/stats/failure-texts.ts';

function textsOf(errors: readonly string[], change: Partial<RequestRecord> = {}) {
  const texts = new FailureTexts();
  for (const [index, error] of errors.entries()) {
    texts.add({ index, intendedMs: 0, outcome: 'http_error', class: '429', status: 429, error, ...change });
  }
  return { firsts: texts.firsts, others: texts.others };
}

test('texts that differ in numbers and ids are one; the first is shown', () => {
  const errors = ['HTTP 429 error: wait 12 ms (req_a1b2)', 'HTTP 429 error: wait 13 ms (req_ffee9)'];
  expect(textsOf(errors)).toEqual({ firsts: { 429: 'wait 12 ms (req_a1b2)' }, others: undefined });
});

test('a limit of the rate and an empty quota are two, the most frequent first', () => {
  const errors = ['HTTP 429 error: slow down', 'HTTP 429: no quota', 'HTTP 429: no quota'];
  expect(textsOf(errors)).toEqual({
    firsts: { 429: 'slow down' },
    others: {
      429: {
        texts: [
          { text: 'no quota', count: 2 },
          { text: 'slow down', count: 1 },
        ],
      },
    },
  });
});

test('texts without bound do not fill the memory, and none is lost from the counts', () => {
  const letters = (index: number) =>
    String.fromCharCode(97 + (index % 26), 97 + (Math.floor(index / 26) % 26), 97 + Math.floor(index / 676));
  const { others } = textsOf(Array.from({ length: 5000 }, (_, index) => `HTTP 429: ${letters(index)}`));
  const { texts, more } = others?.['429'] ?? { texts: [] };
  expect(texts).toHaveLength(3);
  expect(texts.reduce((sum, { count }) => sum + count, more ?? 0)).toBe(5000);
});

test('a status alone says nothing, a time-out neither; an answer that is invalid does', () => {
  expect(textsOf(['HTTP 429']).firsts).toBeUndefined();
  expect(textsOf(['no complete answer within 1 s'], { outcome: 'timeout', class: 'timeout' }).firsts).toBeUndefined();
  expect(textsOf(['the answer is empty'], { outcome: 'invalid', class: 'empty-answer' }).firsts).toEqual({
    'empty-answer': 'the answer is empty',
  });
});
