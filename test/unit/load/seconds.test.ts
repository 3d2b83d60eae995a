import { expect, test } from 'vitest';
import type { Progress } from '../../../src/services/load/engine/protocol.ts';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { Collector } from '../../../src/services/load/stats/collector.ts';
import { Seconds } from '../../../src/services/load/stats/seconds.ts';
import { livePoint } from '../../../src/services/load/sweep/live-point.ts';
import { planSweep } from '../../../src/services/load/sweep/sweep-plan.ts';
import type { SecondSample } from '../../../src/services/load/types.ts';

const at = (elapsedMs: number, sent: number, inFlight: number): Progress => ({
  phase: elapsedMs < 0 ? 'warmup' : elapsedMs < 2000 ? 'measure' : 'drain',
  ...{ elapsedMs, sent, dropped: 0, inFlight, peakInFlight: 9, newConnections: 1, cpuSeconds: 0 },
});
const ended = (index: number, intendedMs: number, serviceMs: number, ok = true): RequestRecord => ({
  ...{ index, intendedMs, latenessMs: 1, serviceMs, status: 200, error: '', host: 'b-1' },
  ...(ok ? { outcome: 'ok', class: 'ok' } : { outcome: 'timeout', class: 'timeout' }),
});

test('a point in seconds: in order, told once they are over, sums kept', () => {
  const told: SecondSample[] = [];
  const seconds = new Seconds(1, 2, (sample) => told.push(sample));
  for (let ms = -990; ms < 0; ms += 250) seconds.advance(at(ms, 0, 2));
  seconds.advance(at(10, 0, 4));
  expect(told).toEqual([]);
  for (let tick = 0; tick < 12; tick++) {
    const ms = 250 * tick + 125;
    if (ms < 2000) seconds.add([ended(tick, ms - 100, 90, tick % 4 !== 3)]);
    seconds.advance(at(ms + 10, Math.min(tick + 1, 8), 3));
  }
  expect(told.map(({ second }) => second)).toEqual([-1, 0, 1]);
  seconds.add([ended(8, 1900, 1500)]);
  seconds.end();
  expect(told.map(({ second, phase }) => [second, phase])).toEqual([
    [-1, 'warmup'],
    [0, 'measure'],
    [1, 'measure'],
    [2, 'drain'],
    [3, 'drain'],
  ]);
  expect(told.map(({ ok }) => ok)).toEqual([0, 3, 3, 0, 1]);
  expect(told.map(({ failed }) => failed)).toEqual([0, 1, 1, 0, 0]);
  expect(told.reduce((sum, { sent }) => sum + sent, 0)).toBe(8);
  expect(told[1]).toMatchObject({ p50: 91, p99: 91, latenessP99: 1, hosts: { 'b-1': 4 } });
  expect(told[3]).not.toHaveProperty('p50');
});

test('live figures: percentiles so far, medians of the last minute', () => {
  const times = { durationSeconds: 100, warmupSeconds: 0, timeoutSeconds: 10, drainSeconds: 10 };
  const known = { runId: 'r', simulated: false, maxInFlight: 10 };
  const plan = planSweep({ targetUrl: 'http://h/chain', tag: 't', rates: [1], ...times }, known);
  const live = livePoint(plan, 0, 1);
  const shown = () => live.tick(at(1500, 1, 1), new Collector(protocolNamed('chain')));
  expect(shown()).not.toHaveProperty('response');
  live.add(Array.from({ length: 1000 }, (_, i) => ended(i, 0, i)));
  expect(shown().response?.p50).toBeGreaterThan(490);
  expect(shown().response?.p50).toBeLessThan(510);
  expect(shown().lateness?.p99).toBeCloseTo(1, 1);
  const sample = { phase: 'measure', sent: 1, ok: 1, failed: 0, inFlight: 0, hosts: {} } as const;
  for (let second = 0; second < 70; second++)
    live.addSecond({ ...sample, second, ...(second % 2 ? {} : { p50: second }) });
  expect(shown().responseHistory).toHaveLength(60);
  expect(shown().responseHistory?.slice(0, 2)).toEqual([10, 0]);
});
