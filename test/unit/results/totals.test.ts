import { expect, test } from 'vitest';
import { turnSection } from '../../../src/services/results/asked-section.ts';
import { sectionText } from '../../../src/services/results/plain-table.ts';
import { askedLines } from '../../../src/services/results/text.ts';
import { totalsSection } from '../../../src/services/results/totals-section.ts';
import { distribution, pointOf } from './fixture.ts';

const tokens = { prompt: 2000, output: 1000, outputPerSecond: 100, answers: 100 };
const stream = {
  ttft: distribution(180, 100),
  tpot: distribution(10, 100),
  outputTokens: 1000,
  outputTokensPerSecond: 100,
};

const linesOf = (section: Parameters<typeof sectionText>[0], columns = 80) =>
  sectionText(section, columns).join('\n').split('\n');

test('totals of each point and of all, with the least, the mean and the most', () => {
  const points = [
    pointOf(0, 10, { change: { response: distribution(2000, 100), tokens, stream } }),
    pointOf(1, 900, { change: { response: distribution(20_000, 100), tokens, stream } }),
  ];
  const lines = linesOf(totalsSection(points));
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "Totals, and response times of successes in milliseconds:
                       prompt output                          ttft tpot
      rps seconds sent tokens tokens     min    mean     max  mean mean
       10      10  100   2000   1000  1000.0  2200.0  8000.0 198.0 11.0
      900      10 9000   2000   1000 10000.0 22000.0 80000.0 198.0 11.0
      all      20 9100   4000   2000"
  `);
});

test('a skipped point has no totals, and one point needs no sum', () => {
  const points = [pointOf(0, 10), pointOf(1, 20, { change: { status: 'skipped', sent: 0 } })];
  const lines = linesOf(totalsSection(points));
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "Totals, and response times of successes in milliseconds:
      rps seconds sent    min   mean    max
       10      10  100 2610.4 5742.9 9919.5"
  `);
});

test('turns of sessions, late ones together', () => {
  const turns = [
    { turn: 1, sent: 20, ok: 19, ttft: { p50: 60.04, p95: 70 }, response: { p50: 110, p95: 120 } },
    { turn: 9, to: 16, sent: 2, ok: 2, ttft: { p50: 20, p95: 25 }, response: { p50: 70, p95: 80 } },
  ];
  const lines = linesOf(turnSection([pointOf(0, 3, { change: { turns } })]));
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "By turn of the session, milliseconds:
      rps    turn sent ok ttft p50 ttft p95   p50   p95
        3       1   20 19     60.0     70.0 110.0 120.0
        3 9 to 16    2  2     20.0     25.0  70.0  80.0"
  `);
});

test.each([
  [
    { turns: 3 },
    'Who: sessions of up to 3 turns, each with the answers before it, without time to think; rps is of sessions that begin.',
  ],
  [
    { turns: 3, thinkSeconds: 2, loop: 'closed' as const },
    'Who: sessions of up to 3 turns, each with the answers before it, 2 s to think between them.',
  ],
  [{ thinkSeconds: 3, think: '1s-5s', loop: 'closed' as const }, 'Who: each user thinks for 1s-5s after an answer.'],
])('who asks: %o', (plan, line) => {
  expect(askedLines(plan)).toEqual([line]);
});

test('nobody has to be told of single requests', () => {
  expect(askedLines({})).toEqual([]);
});
