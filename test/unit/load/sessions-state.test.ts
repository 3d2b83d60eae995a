import { describe, expect, test } from 'vitest';
import { searchSteps } from '../../../src/services/load/profiles/search.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { Collector } from '../../../src/services/load/stats/collector.ts';
import { dueRps } from '../../../src/services/load/stats/due-rate.ts';
import { summarizePoint } from '../../../src/services/load/stats/point-summary.ts';

const OK = { latenessMs: 0, outcome: 'ok', class: 'ok', status: 200, error: '' } as const;
const TURNS = 4;
const SECONDS = 20;

/** Sessions of four turns, ten a second, against a target that answers one request after another, each in `workMs`. */
function pointOf(workMs: number) {
  const collected = new Collector(protocolNamed('raw'));
  const due = Array.from({ length: 10 * SECONDS }, (_, session) => ({ dueMs: session * 100, turn: 0 }));
  const open: { readonly from: number; readonly to: number }[] = [];
  let [freeMs, scheduled] = [0, 0];
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    const { dueMs, turn } = next;
    freeMs = Math.max(freeMs, dueMs) + workMs;
    const serviceMs = freeMs - dueMs;
    collected.add({ ...OK, index: scheduled++, intendedMs: dueMs, serviceMs, figures: { output_tokens: 10 } });
    open.push({ from: dueMs, to: freeMs });
    if (turn + 1 === TURNS || freeMs >= 1000 * SECONDS) continue;
    const at = due.findIndex((each) => each.dueMs > freeMs);
    due.splice(at < 0 ? due.length : at, 0, { dueMs: freeMs, turn: turn + 1 });
  }
  for (let at = 7; at < 1000 * SECONDS; at += 250) {
    collected.addInFlight(at, open.filter(({ from, to }) => from <= at && to > at).length);
  }
  const counts = { sent: scheduled, dropped: 0, inFlight: 0, peakInFlight: 9, newConnections: 9, cpuSeconds: 1 };
  const sessions = { complete: 1, broken: 0, cut: 0 };
  const progress = { phase: 'drain', elapsedMs: 1000 * SECONDS, ...counts, sessions } as const;
  const facts = { index: 0, rate: 10, startedAt: '', status: 'complete', scheduled, perRequestCsv: '' } as const;
  return summarizePoint({ ...facts, durationSeconds: SECONDS, maxInFlight: 1e6, progress, wallSeconds: 30 }, collected);
}

describe('the state of a point of sessions', () => {
  test('a target that serves more requests than sessions begin, and fewer than come due, is overloaded', () => {
    const point = pointOf(40);
    expect(dueRps(point)).toBeGreaterThan(27);
    expect(point.servedRps).toBeCloseTo(25, 0);
    expect(point.state?.state).toBe('overloaded');
    // What is worked off after the window is no throughput.
    expect(point.tokens?.outputPerSecond).toBeCloseTo(250, -1);
  });

  test('one that keeps up with all turns is steady', () => {
    const point = pointOf(5);
    expect(dueRps(point)).toBeCloseTo(40, 0);
    expect(point.state?.state).toBe('steady');
  });

  test('a search goes on at the sessions that the target can have, not at the requests that it served', () => {
    const bounds = { low: 1, high: 10, durationSeconds: SECONDS, maxDurationSeconds: SECONDS };
    const low = { ...pointOf(5), rate: 1, scheduled: 4 * SECONDS };
    const next = searchSteps(bounds)([low, pointOf(40)]);
    // 25 a second of about 30 that ten sessions bring.
    expect(next?.rate).toBeLessThan(10);
    expect(next?.rate).toBeGreaterThan(6);
  });
});
