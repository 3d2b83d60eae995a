import { expect, test } from 'vitest';
import { engineTiming, flatTiming, timingOfParts, workedMs } from '../../../templates/services/common/engine-timing.ts';

// One answer of real Ollama 0.17.4, with one waiting before it.
const DURATIONS = {
  total_duration: 22_020_000_000,
  load_duration: 872_000_000,
  prompt_eval_duration: 5_815_000_000,
  eval_duration: 1_413_400_000,
};

test('nanoseconds become seconds, and what is none of the parts is the wait for a slot', () => {
  const timing = engineTiming(DURATIONS, 22.1);
  expect(timing).toEqual({
    total_seconds: 22.02,
    queue_seconds: 13.9196,
    load_seconds: 0.872,
    prompt_seconds: 5.815,
    generation_seconds: 1.4134,
  });
  expect(flatTiming(0.5, timing)).toEqual({
    queue_seconds: 0.5,
    engine_queue_seconds: 13.9196,
    load_seconds: 0.872,
    prompt_seconds: 5.815,
    generation_seconds: 1.4134,
  });
});

test('Ollama leaves out what is 0', () => {
  expect(engineTiming({ total_duration: 2e9, load_duration: 5e8 }, 2.1)).toEqual({
    total_seconds: 2,
    queue_seconds: 1.5,
    load_seconds: 0.5,
    prompt_seconds: 0,
    generation_seconds: 0,
  });
});

test('parts that exceed the total by a rounding leave no wait', () => {
  expect(engineTiming({ total_duration: 1e9, eval_duration: 1.01e9 }, 0.999)).toMatchObject({
    total_seconds: 1,
    queue_seconds: 0,
    generation_seconds: 1.01,
  });
});

test.each([
  { total_duration: 1e300 },
  { total_duration: 1e300, load_duration: 1e305 },
  { total_duration: 1e9, load_duration: 1e305, eval_duration: 1e305 },
  { total_duration: 1e9, eval_duration: 1.1e9 },
  { total_duration: 1e9, load_duration: 6e8, prompt_eval_duration: 6e8 },
  { total_duration: 3e9 },
])('%o in a call of 2 s does not add up, and counts as not told', (body) => {
  expect(engineTiming(body, 2)).toBeUndefined();
});

test.each([{}, { total_duration: 0 }, { total_duration: '7' }, { total_duration: Number.NaN, eval_duration: 5 }])(
  '%o: an engine that does not tell',
  (body) => {
    expect(engineTiming(body, 10)).toBeUndefined();
    expect(flatTiming(0.5, undefined)).toEqual({ queue_seconds: 0.5 });
  },
);

test('what a generation took without waiting for a slot or for the model', () => {
  const generation = { seconds: 22.1, engine: engineTiming(DURATIONS, 22.1) };
  expect(workedMs(generation)).toBeCloseTo(7308.4);
  expect(workedMs({ ...generation, engine: undefined })).toBe(22_100);
  expect(workedMs({ ...generation, seconds: 1 })).toBe(0);
});

test("llama-server's milliseconds: what is none of them is the wait for a slot", () => {
  const timings = { prompt_n: 31, prompt_ms: 250.5, predicted_n: 8, predicted_ms: 1500, prompt_per_second: 123 };
  expect(timingOfParts(timings, 2)).toEqual({
    total_seconds: 2,
    queue_seconds: 0.2495,
    load_seconds: 0,
    prompt_seconds: 0.2505,
    generation_seconds: 1.5,
  });
});

test.each([
  ['nothing', {}],
  ['only one', { prompt_ms: 3 }],
  ['texts', { prompt_ms: '3', predicted_ms: '4' }],
  ['what is below 0', { prompt_ms: -1, predicted_ms: 4 }],
  ['zeros', { prompt_ms: 0, predicted_ms: 0 }],
  ['more than the call', { prompt_ms: 1500, predicted_ms: 1500 }],
  ['what is beyond all', { prompt_ms: 1e308, predicted_ms: 1e308 }],
])('no timing from %s', (_what, timings) => {
  expect(timingOfParts(timings, 2)).toBeUndefined();
});
