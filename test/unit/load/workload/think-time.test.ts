import { expect, test } from 'vitest';
import { formatThinkTime, parseThinkTime } from '../../../../src/services/load/workload/think-time.ts';

test.each([
  ['2s', { seconds: 2 }],
  ['500ms', { seconds: 0.5 }],
  ['1s-5s', { seconds: 3, drawn: { kind: 'uniform', min: 1000, max: 5000 } }],
  ['normal:2s,500ms', { seconds: 2, drawn: { kind: 'normal', middle: 2000, spread: 500, min: 0, max: 10_000_000 } }],
  [
    'lognormal:1m30s,0.8,1s-5m',
    { seconds: 90, drawn: { kind: 'lognormal', middle: 90_000, spread: 0.8, min: 1000, max: 300_000 } },
  ],
])('%s', (text, time) => {
  const parsed = parseThinkTime(text);
  expect(parsed).toEqual(time);
  if (parsed.drawn !== undefined) expect(formatThinkTime(parsed.drawn)).toBe(text);
});

test.each(['', 'soon', '5s-1s', 'lognormal:2s', 'zipf:1,2'])('"%s" is refused', (text) => {
  expect(() => parseThinkTime(text)).toThrow(`--think-time "${text}": `);
});
