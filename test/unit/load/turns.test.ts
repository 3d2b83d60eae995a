import { expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { TurnTally } from '../../../src/services/load/stats/asked-tally.ts';

test('requests of sessions are told by their turn, late ones together', () => {
  const tally = new TurnTally();
  const request = (turn: number, ms: number): RequestRecord => ({
    ...{ index: 0, intendedMs: 0, latenessMs: 1, serviceMs: ms, ttft_ms: ms / 2, turn },
    ...{ outcome: 'ok', class: 'ok', status: 200, error: '', figures: { prompt_tokens: 20 * (turn + 1) } },
  });
  for (let turn = 0; turn < 20; turn++) tally.add(request(turn, turn === 0 ? 100 : 40));
  tally.add({ ...request(0, 1), outcome: 'timeout' });
  const turns = tally.summary() ?? [];
  expect(turns.map(({ turn, to = turn, sent, ok }) => [turn, to, sent, ok])).toEqual([
    [1, 1, 2, 1],
    ...Array.from({ length: 7 }, (_, at) => [at + 2, at + 2, 1, 1]),
    [9, 16, 8, 8],
    [17, 32, 4, 4],
  ]);
  expect(turns[0]).toMatchObject({ ttft: { p50: 51 }, response: { p50: 101 }, countedInput: { mean: 20 } });
  expect(turns[1]).toMatchObject({ ttft: { p50: 21 }, response: { p50: 41 }, countedInput: { mean: 40 } });
});

test('where there are no sessions, there are no turns', () => {
  expect(new TurnTally().summary()).toBeUndefined();
});
