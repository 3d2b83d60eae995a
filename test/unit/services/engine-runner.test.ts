import { expect, test } from 'vitest';
import { Env } from '../../../templates/services/common/env.ts';
import { EngineError } from '../../../templates/services/engine-sim/engine-error.ts';
import { familyOf } from '../../../templates/services/engine-sim/families.ts';
import type { Model } from '../../../templates/services/engine-sim/models.ts';
import { readOptions } from '../../../templates/services/engine-sim/options.ts';
import { ProcessorSharing } from '../../../templates/services/engine-sim/processor-sharing.ts';
import { PromptCache } from '../../../templates/services/engine-sim/prompt-cache.ts';
import { noCounts, Runner } from '../../../templates/services/engine-sim/runner.ts';
import { readSimSettings } from '../../../templates/services/engine-sim/settings.ts';
import { logNormal, Spread, seededRandom } from '../../../templates/services/engine-sim/spread.ts';
import { fakeClock } from './fake-clock.ts';

/** A token of a prompt takes 10 ms, one of an answer 100 ms. */
function machine(slots: number, lateMs = 0) {
  const { clock, runUntil } = fakeClock(lateMs);
  const settings = readSimSettings(
    new Env({
      SIM_PROMPT_TOKENS_PER_SECOND: '100',
      SIM_OUTPUT_TOKENS_PER_SECOND: '10',
      OLLAMA_NUM_PARALLEL: String(slots),
    }),
  );
  const counts = noCounts();
  const deps = { settings, machine: new ProcessorSharing(clock), spread: new Spread(0, Math.random), counts };
  const runnerOf = (name: string) =>
    new Runner({ name, family: familyOf(name) } as Model, readOptions({}, 4096), 0, deps);
  /** Who, when, and what of it was the prompt and the rest, in rounded milliseconds. */
  const log: [who: string, at: number, promptMs: number, outputMs: number][] = [];
  const run = (runner: Runner, who: string, prompt: readonly number[], outputTokens: number, problem?: EngineError) =>
    runner.run({
      prompt,
      stream: false,
      cached: () => [...prompt, ...Array(outputTokens).fill(0)],
      begin() {
        if (problem) throw problem;
        return outputTokens;
      },
      onToken() {},
      onDone: ({ promptMs, outputMs }) =>
        log.push([who, Math.round(clock.now()), Math.round(promptMs), Math.round(outputMs)]),
      onError: () => log.push([who, Math.round(clock.now()), -1, -1]),
    });
  return { runnerOf, run, log, counts, clock, runUntil };
}

const PROMPT = Array.from({ length: 50 }, (_, token) => token + 1);

test('one slot: any number waits, in order; the first token counts to the prompt', () => {
  const { runnerOf, run, log, counts, runUntil } = machine(1);
  const runner = runnerOf('a');
  for (let n = 0; n < 1000; n++) run(runner, String(n), [n + 100, n + 200], 2);
  expect(counts).toMatchObject({ active: 1, queued: 999, refused: 0 });
  runUntil(1e9);
  expect(log.slice(0, 2)).toEqual([
    ['0', 220, 120, 100],
    ['1', 440, 120, 100],
  ]);
  expect(log.at(-1)?.slice(0, 2)).toEqual(['999', 220_000]);
  expect(counts).toMatchObject({ active: 0, queued: 0, finished: 1000, max_active: 1 });
});

test('two runners, of which each has a slot, share the machine', () => {
  const { runnerOf, run, log, runUntil } = machine(1);
  run(runnerOf('a'), 'a', PROMPT, 6);
  run(runnerOf('b'), 'b', PROMPT, 6);
  runUntil(1e6);
  // 500 ms for the prompt and 600 ms for the tokens, at half the speed.
  expect(log).toEqual([
    ['a', 2200, 1200, 1000],
    ['b', 2200, 1200, 1000],
  ]);
});

test('a beginning that the slot has read costs nothing, but for the last token', () => {
  const { runnerOf, run, log, runUntil } = machine(1);
  const runner = runnerOf('a');
  const ask = (who: string, prompt: readonly number[]) => run(runner, who, prompt, 1);
  ask('fresh', PROMPT);
  ask('same', PROMPT);
  ask('half', [...PROMPT.slice(0, 25), ...Array(25).fill(7)]);
  ask('other', PROMPT.toReversed());
  runUntil(1e6);
  expect(log.map(([who, , promptMs]) => [who, promptMs])).toEqual([
    ['fresh', 600],
    ['same', 110],
    ['half', 350],
    ['other', 600],
  ]);
});

test('who leaves frees the slot or the place in the queue, and what was read stays cached', () => {
  const { runnerOf, run, log, counts, runUntil } = machine(1);
  const runner = runnerOf('a');
  const leave = run(runner, 'leaves', PROMPT, 100);
  const leaveQueue = run(runner, 'leaves the queue', PROMPT, 1);
  run(runner, 'stays', PROMPT, 1);
  runUntil(1000);
  leaveQueue();
  leave();
  leave();
  runUntil(1e6);
  expect(log).toEqual([['stays', 1110, 110, 0]]);
  expect(counts).toMatchObject({ cancelled: 2, active: 0, queued: 0 });
});

test('what a runner finds wrong is told when its turn has come, and takes no slot', () => {
  const { runnerOf, run, log, runUntil } = machine(1);
  const runner = runnerOf('a');
  run(runner, 'first', [1], 2);
  run(runner, 'wrong', [1], 2, new EngineError(400, 'too long'));
  run(runner, 'last', [2], 1);
  runUntil(1e6);
  expect(log.map(([who, at]) => [who, at])).toEqual([
    ['first', 210],
    ['wrong', 210],
    ['last', 320],
  ]);
});

test('of several slots the one with the longest beginning in common is taken, and not one in use', () => {
  const cache = new PromptCache(2);
  const [one, other] = [cache.take([1, 2, 3]), cache.take([4, 5, 6])];
  expect(() => cache.take([1])).toThrow('no available cache slots');
  cache.give(one.slot, [1, 2, 3]);
  cache.give(other.slot, [4, 5, 6]);
  expect(cache.take([4, 5, 7])).toEqual({ slot: other.slot, cached: 2 });
  // Its own is in use.
  expect(cache.take([4, 5, 6])).toEqual({ slot: one.slot, cached: 0 });
});

test('the spread keeps the mean', () => {
  const random = seededRandom(1);
  const factors = Array.from({ length: 20_000 }, () => logNormal(1, 0.5, random));
  expect(factors.reduce((sum, factor) => sum + factor, 0) / factors.length).toBeCloseTo(1, 1);
  expect(Math.min(...factors)).toBeLessThan(0.5);
  expect(Math.max(...factors)).toBeGreaterThan(2);
});

test('who is cancelled when its end is overdue has ended once', () => {
  const { runnerOf, run, log, counts, clock, runUntil } = machine(1, 7);
  const cancel = run(runnerOf('a'), 'a', PROMPT, 6);
  // Its end is due at 1100, and its timer is late: this one fires at 1102.
  clock.setTimer(1095, cancel);
  runUntil(1e6);
  expect(log).toEqual([['a', 1102, 600, 500]]);
  expect(counts).toMatchObject({ active: 0, started: 1, finished: 1, cancelled: 0 });
});
