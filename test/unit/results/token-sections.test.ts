import { expect, test } from 'vitest';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { sectionText } from '../../../src/services/results/plain-table.ts';
import { tokenSections } from '../../../src/services/results/token-sections.ts';
import { distribution, pointOf } from './fixture.ts';

const textOf = (change: Partial<PointSummary>) =>
  tokenSections([pointOf(0, 50, { change })], 'rps').map((section) => sectionText(section, 80).join('\n').split('\n'));

test('tokens an answer and a second, and how streams came', () => {
  const [tokens, stream] = textOf({
    tokens: {
      ...{ prompt: 50_000, output: 12_800, outputPerSecond: 1280, promptPerSecond: 5000, arrivedPerSecond: 1200.25 },
      ...{ answers: 100, reasoning: 6400 },
    },
    stream: {
      ...{ ttft: distribution(180, 500), reasoningTtft: distribution(90, 500), itl: distribution(40, 500) },
      ...{ tpot: distribution(10, 500), perUser: { p50: 100, p10: 80, p5: 60, p1: 40 } },
      ...{ outputTokens: 12_800, outputTokensPerSecond: 1280, answers: 520, oneRead: 1, withoutDone: 520 },
      ...{ eventsPerRead: 2, tokensPerEvent: 4 },
    },
  });
  expect(tokens?.join('\n')).toBe(
    [
      'Tokens of answers:',
      '      prompt output reasoning prompt output arrived',
      '  rps   each   each      each  per s  per s   per s',
      '   50  500.0  128.0      64.0 5000.0 1280.0  1200.3',
      '  output per s: tokens of an answer by answers served. arrived: in the window,',
      '    of all requests.',
    ].join('\n'),
  );
  expect(stream?.slice(1, 3)).toEqual([
    '       ttft  ttft  itl   itl tpot tpot   server one user',
    '  rps   p50   p99  p50   p99  p50  p99 tokens/s tokens/s',
  ]);
  expect(stream?.slice(4).join('\n')).toBe(
    [
      '  ttft: from the intended time to the first token of the answer. server: all',
      '    answers together. one user: one answer, p50.',
      '  50 rps: reasoning began first: p50 90.0, p99 292.5 to its first token.',
      '  50 rps: 20 answers of 520 without a token to see: no ttft.',
      '  50 rps: 1 answer of 520 came in one read: no itl, no tpot.',
      '  50 rps: 2.0 events a read: itl is between reads.',
      '  50 rps: 4.0 tokens an event.',
      '  50 rps: 520 streams of 520 ended without [DONE].',
    ].join('\n'),
  );
  for (const line of [...(tokens ?? []), ...(stream ?? [])]) expect(line.length).toBeLessThanOrEqual(80);
});

test('what is estimated is marked wherever it stands', () => {
  const [tokens, stream] = textOf({
    tokens: { prompt: 0, output: 1000, outputPerSecond: 100, answers: 100, estimated: 25 },
    stream: {
      ...{ ttft: distribution(180, 500), tpot: distribution(10, 500), perUser: { p50: 100, p10: 80, p5: 60, p1: 40 } },
      ...{ outputTokens: 1000, outputTokensPerSecond: 100, answers: 500 },
    },
  });
  expect(tokens?.[3]).toMatch(/^ +50 +- +≈10\.0 +- +≈100\.0 +-$/);
  expect(tokens?.[4]).toBe('  ≈ estimated: 25.0 % of the answers told no count, events stand for tokens.');
  expect(stream?.[3]).toMatch(/ ≈100\.0 +≈100\.0$/);
});

test('what earlier versions recorded is shown as far as it goes, and what has no tokens has no section', () => {
  const [tokens] = textOf({ tokens: { prompt: 10, output: 20, outputPerSecond: 2 } });
  expect(tokens?.[3]).toMatch(/^ +50( +-){3} +2\.0 +-$/);
  expect(textOf({})).toEqual([[''], [''], ['']]);
});

test('each step of a streamed chain has its first token and its gaps, on a line of 80 characters', () => {
  const hops = [
    { name: 'a', ttft: distribution(180, 500), itl: distribution(12.5, 9500) },
    { name: 'summarize-what-was-found', ttft: distribution(12_000, 500) },
  ];
  const [, , steps = []] = textOf({ stream: { hops, outputTokens: 1, outputTokensPerSecond: 1, answers: 500 } });
  expect(steps).toEqual([
    'Steps of the streamed chain, milliseconds:',
    '                                  ttft    ttft    ttft  itl  itl  itl',
    '  rps                     step     p50     p95     p99  p50  p95  p99',
    '   50                        a   180.0   360.0   585.0 12.5 25.0 40.6',
    '   50 summarize-what-was-found 12000.0 24000.0 39000.0    -    -    -',
    "  ttft: from the intended time to the step's first token. itl: between reads",
    '    with tokens of that step.',
  ]);
  for (const line of steps) expect(line.length).toBeLessThanOrEqual(80);
});
