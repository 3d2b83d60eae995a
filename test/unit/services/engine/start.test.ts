import { describe, expect, test } from 'vitest';
import type { Readiness } from '../../../../templates/services/common/engine/readiness.ts';
import { pauseAfter, verifyEngine } from '../../../../templates/services/common/engine/start.ts';

const AWAY: Readiness = { ready: false, reason: 'engine cannot be reached: x', simulated: false, unreachable: true };
const LOADING: Readiness = { ready: false, reason: 'engine is loading model m', simulated: false };
const READY: Readiness = { ready: true, simulated: false };

/** Starts with an engine that is found so, one finding after the other; the last one repeats, 20 times at most. */
async function start(findings: readonly Readiness[], { count = 3, exitWithout = false } = {}) {
  const lines: string[] = [];
  const pauses: number[] = [];
  let exited: number | undefined;
  let asked = 0;
  await verifyEngine(
    { current: async () => findings[Math.min(asked++, findings.length - 1)] as Readiness },
    { url: 'http://e', retries: { count, delayMs: 5000 }, exitWithout },
    {
      warn: (line) => lines.push(line),
      exit: (code) => {
        exited = code;
      },
      sleep: async (ms) => {
        pauses.push(ms);
      },
      random: () => 0.5,
    },
    () => asked >= 20,
  );
  return { lines, pauses, exited, asked };
}

describe('an engine at the start', () => {
  test('that is there: not a word', async () => {
    expect(await start([READY])).toMatchObject({ lines: [], pauses: [] });
  });

  test('that comes later: a line per failure, with the pause, and one when it is there', async () => {
    expect(await start([AWAY, AWAY, READY])).toMatchObject({
      lines: [
        'engine http://e: attempt 1 of 3 failed: engine cannot be reached: x; next in 5 s',
        'engine http://e: attempt 2 of 3 failed: engine cannot be reached: x; next in 10 s',
        'engine http://e: reached with attempt 3',
      ],
      pauses: [5000, 10_000],
    });
  });

  test('that does not come: still tried, every DELAY seconds, without a word', async () => {
    const { lines, pauses, asked } = await start([AWAY]);
    expect(lines.slice(2)).toEqual([
      'engine http://e: attempt 3 of 3 failed: engine cannot be reached: x',
      'engine http://e: not reachable after 3 attempts, still trying',
    ]);
    expect(asked).toBe(20);
    expect(pauses.slice(0, 6)).toEqual([5000, 10_000, 5000, 5000, 5000, 5000]);
  });

  test('that does not come, with EXIT_WITHOUT_ENGINE: exit 1 after the last attempt', async () => {
    const { lines, exited, asked } = await start([AWAY], { count: 1, exitWithout: true });
    expect(lines).toEqual([
      'engine http://e: attempt 1 of 1 failed: engine cannot be reached: x',
      'engine http://e: not reachable after 1 attempts, exiting',
    ]);
    expect([exited, asked]).toEqual([1, 1]);
  });

  test('that is there without its model is asked until it is ready: nobody else may', async () => {
    expect(await start([LOADING, LOADING, LOADING, READY])).toMatchObject({ lines: [], asked: 4 });
  });
});

test('pauses double, differ by a fifth, and are at most a minute and a fifth', () => {
  const retries = { count: 100, delayMs: 5000 };
  expect([1, 2, 3, 4, 5, 99].map((attempt) => pauseAfter(attempt, retries, 0.5))).toEqual([
    5000, 10_000, 20_000, 40_000, 60_000, 60_000,
  ]);
  expect([0, 1].map((random) => pauseAfter(1, retries, random))).toEqual([4000, 6000]);
});
