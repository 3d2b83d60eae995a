import { expect, test } from 'vitest';
import { LeastTime } from '../../../templates/services/common/least-time.ts';
import { leastOfB } from '../../../templates/services/service-a/remote-b.ts';

test('the smallest of the latest successes, once there are three', () => {
  const least = new LeastTime();
  expect(least.at(0)).toBe(0);
  least.record(300, 0);
  least.record(200, 0);
  expect(least.at(0)).toBe(0);
  least.record(250, 0);
  expect(least.at(0)).toBe(200);
  for (let i = 0; i < 32; i++) least.record(400 + i, 1000);
  expect(least.at(1000)).toBe(400);
});

test('an estimate that nothing confirms any more is forgotten, that of a slow chain later', () => {
  const least = new LeastTime();
  for (let i = 0; i < 3; i++) least.record(50_000, 0);
  expect([least.at(259_999), least.at(260_000)]).toEqual([50_000, 0]);
  for (let i = 0; i < 3; i++) least.record(10, 300_000);
  expect([least.at(360_039), least.at(360_040)]).toEqual([10, 0]);
});

test.each([
  ['worked only', { total_seconds: 2.01, ollama_seconds: 2 }, 2],
  ['queued first', { total_seconds: 5.01, ollama_seconds: 2, queue_seconds: 3 }, 2],
  [
    'waited in the engine, and for the model',
    { total_seconds: 5.01, ollama_seconds: 5, engine: { queue_seconds: 2.5, load_seconds: 0.5 } },
    2,
  ],
  ['held back for the minimum', { total_seconds: 5, ollama_seconds: 2, queue_seconds: 1 }, 5],
  ['not told', undefined, 6],
  ['told in part', { ollama_seconds: 2 }, 6],
  ['told nonsense', { total_seconds: '2', ollama_seconds: -1 }, 6],
  ['told more than it can have been', { total_seconds: 99, ollama_seconds: 2 }, 6],
])('the least that B took, %s', (_, timing, seconds) => {
  expect(leastOfB(timing, 6)).toBeCloseTo(seconds);
});
