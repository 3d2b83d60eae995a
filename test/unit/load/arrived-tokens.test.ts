import { expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { ArrivedTokens } from '../../../src/services/load/stats/arrived-tokens.ts';

/** Ten requests a second, whose ten tokens each come within a second. */
function rateOf(terms: Parameters<ArrivedTokens['rate']>[0], change: Partial<RequestRecord> = {}, requests = 90) {
  const arrived = new ArrivedTokens();
  for (let index = 0; index < requests; index++) {
    const times = { index, intendedMs: index * 100, latenessMs: 1, serviceMs: 1000 };
    const answer = { outcome: 'ok', class: 'ok', status: 200, error: '', figures: { output_tokens: 10 } } as const;
    arrived.add({ ...times, ...answer, ...change });
  }
  return arrived.rate(terms);
}

test.each([
  ['streams', { ttft_ms: 200 }],
  ['answers in one piece', {}],
  ['reasoning first', { ttft_ms: 500, reasoning_ttft_ms: 100 }],
])('%s: what the warm-up left and what is open leave no gap', (_, change) => {
  expect(rateOf({ warmup: true, endMs: 10_000 }, change)).toBeCloseTo(100, 0);
});

test('without a warm-up, the beginning counts as well: nothing had come then', () => {
  expect(rateOf({ warmup: false, endMs: 10_000 })).toBeCloseTo(94.9, 0);
});

test('nothing is told from when on a request was open whose end is not known', () => {
  expect(rateOf({ warmup: true, endMs: 10_000, openMs: 3000 })).toBeCloseTo(100, 0);
  expect(rateOf({ warmup: true, endMs: 10_000, openMs: 500 })).toBeUndefined();
});

test('rows without tokens, and answers as long as the rows reach, tell nothing', () => {
  expect(rateOf({ warmup: true, endMs: 10_000 }, { figures: {} })).toBeUndefined();
  expect(rateOf({ warmup: true, endMs: 10_000 }, { latenessMs: undefined } as object)).toBeUndefined();
  expect(rateOf({ warmup: true, endMs: 10_000 }, {}, 8)).toBeUndefined();
});
