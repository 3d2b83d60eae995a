import { describe, expect, test } from 'vitest';
import type { RunOrder } from '../../../src/services/load/engine/protocol.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { REQUEST_HEADER, requestRows } from '../../../src/services/load/record/csv-rows.ts';
import { unheardOf } from '../../../src/services/load/sweep/unheard-of.ts';

const order: RunOrder = {
  ...{ type: 'run', url: 'http://127.0.0.1:1/x', form: { api: 'raw', stream: false }, rate: 10, warmupMs: 0 },
  ...{ durationMs: 1000, drainMs: 1000, timeoutMs: 1000, maxInFlight: 100, prompt: DEFAULT_PROMPT, seed: 1, series: 0 },
};
/** The first two have been heard of; what is known ended 700 ms after the beginning. */
const collected = { recorded: 2, has: (index: number) => index < 2, lastEndMs: 700 };

describe('requests of a lost generator', () => {
  test('were due when the timetable says', () => {
    expect(unheardOf(collected, 4, order).map(({ index, intendedMs }) => [index, intendedMs])).toEqual([
      [2, 200],
      [3, 300],
    ]);
  });

  test.each(['constant', 'poisson', 'gamma'] as const)(
    'sessions with %s arrivals: more than begin, at the last known time',
    (arrivals) => {
      const missing = unheardOf(collected, 40, { ...order, arrivals, turns: 4 });
      expect(missing).toHaveLength(38);
      expect(missing.every(({ intendedMs, idleMs }) => intendedMs === 700 && idleMs === undefined)).toBe(true);
    },
  );

  test('a closed loop: no rate that it aims at, no lateness, the last known time', () => {
    const [record] = unheardOf(collected, 3, { ...order, rate: 4, concurrency: 4 });
    expect(record).toMatchObject({ index: 2, intendedMs: 700, idleMs: 0 });
    expect(record).not.toHaveProperty('latenessMs');
    const cells = requestRows(4, record === undefined ? [] : [record])
      .trim()
      .split(',');
    const row = Object.fromEntries(
      REQUEST_HEADER.trim()
        .split(',')
        .map((name, at) => [name, cells[at]]),
    );
    expect(row).toMatchObject({ rps_target: '0', lateness_ms: '', service_ms: '', class: 'generator-lost' });
    expect(Number(row.intended_ms)).toBe(700);
  });
});
