import { expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { fittingRates } from '../../../src/services/load/schedule/fitting-rates.ts';
import { DEFAULT_RATES } from '../../../src/services/load/schedule/rates.ts';
import { fitRates } from '../../../src/services/load/sweep/fit-rates.ts';
import type { SweepOptions } from '../../../src/services/load/sweep/sweep-options.ts';

test.each([
  [0.001, [5, 10, 20, 50]],
  [0.115, [5, 10, 20, 50]],
  [0.5, [2, 5, 10, 20]],
  [2, [0.5, 1, 2, 5]],
  [60, [0.01, 0.02, 0.05, 0.1]],
  [1e6, [0.001, 0.002, 0.005, 0.01]],
  [undefined, [1, 2, 5, 10]],
])('a ladder for answers of %s s', (seconds, rates) => {
  expect(fittingRates('ladder', seconds)).toEqual(rates);
});

test.each([
  [0.001, [1, 1000]],
  [0.5, [1, 200]],
  [10, [0.05, 10]],
  [undefined, [1, 100]],
])('bounds of a search for answers of %s s', (seconds, rates) => {
  expect(fittingRates('search', seconds)).toEqual(rates);
});

const asked = { targetUrl: 'http://127.0.0.1:1/v1/chat/completions', api: 'openai-chat', rates: DEFAULT_RATES };

function fitted(options: object, probeMs?: number) {
  const events: Event[] = [];
  const all = { unaskedRates: true, durationSeconds: 10, ...asked, ...options } as unknown as SweepOptions;
  const { rates, durationSeconds, ...rest } = fitRates(all, probeMs, (event) => void events.push(event));
  const said = events.map((event) => (event.type === 'note' ? event.text : ''));
  return { rates, durationSeconds, said, isTold: 'unaskedRates' in rest };
}

test('rates that nobody gave follow from what one answer took, are said, and are those of the record', () => {
  const said = ['no --rps was given, and one answer took 2000 ms: 0.5, 1, 2, 5 requests per second'];
  expect(fitted({}, 2000)).toEqual({ rates: [0.5, 1, 2, 5], durationSeconds: 10, said, isTold: false });
});

test('all turns of a session count, and where requests say how long a point is, its rates do', () => {
  expect(fitted({ turns: 4, thinkSeconds: 2 }, 500).rates).toEqual([0.1, 0.2, 0.5, 1]);
  expect(fitted({ requests: 200, durationSeconds: 200 }, 115).durationSeconds).toBe(40);
  expect(fitted({ findKnee: true }).said[0]).toContain('nothing told how fast it answers: a search between 1 and 100');
});

test.each([{ unaskedRates: undefined }, { api: 'chain' }, { api: 'invoke' }])('%o keeps its rates', (options) => {
  expect(fitted(options, 115)).toMatchObject({ rates: DEFAULT_RATES, said: [], isTold: false });
});
