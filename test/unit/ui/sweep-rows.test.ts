import { describe, expect, test } from 'vitest';
import type { PointSummary, SweepTick } from '../../../src/services/load/types.ts';
import { plain } from '../../../src/ui/format/text.ts';
import { liveRows } from '../../../src/ui/ink/live-rows.ts';
import type { Asked } from '../../../src/ui/ink/rows.ts';
import { type ActiveSweep, emptyView } from '../../../src/ui/ink/view-model.ts';
import { fullTick, plan, point, tick } from './events.ts';

const NOTHING_ASKED: Asked = { paused: false, skipping: false, stopping: false };
const ladder = { ...plan, rates: [1, 10, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000] };
const late: PointSummary = { ...point, validity: 'invalid: late' };

function sweepAt(finished: number, shown?: SweepTick): ActiveSweep {
  const points = Array.from({ length: finished }, (_, index) => ({ ...(index === 1 ? late : point), index }));
  const hosts = Object.keys(shown?.hosts ?? {});
  return {
    plan: ladder,
    current: finished,
    points,
    hosts,
    ...(shown === undefined ? {} : { tick: { ...shown, index: finished } }),
  };
}

const rows = (sweep: ActiveSweep, [columns, height]: readonly [number, number], asked?: Asked) =>
  liveRows(
    { ...emptyView, sweep },
    { now: 10_000, columns, rows: height, ...(asked === undefined ? {} : { asked }) },
    plain,
  );

describe('the panel of a sweep', () => {
  test('at 80x24', () => {
    expect(rows(sweepAt(2, fullTick), [80, 24], NOTHING_ASKED).join('\n')).toMatchInlineSnapshot(`
      "⠋ point 3 of 13 · 50 req/s · measuring                              2m 05s left

        ladder   ✓1 !10 ▸50 100 200 300 400 500 600 700 800 900 1000
        point    ███████████████░░░░░░░░░░░░░░░ measuring 5.0 / 10 s
        rate     offered 50/s   sent 49.8/s   in flight 235
        answers  ok 12   failed 3   of 250 sent
        errors   503 2   ECONNRESET 1
        lateness p50 0.05 ms  p90 0.09 ms  p95 0.11 ms  p99 1.44 ms
        response p50 340 ms   p90 812 ms   p95 1.2 s    p99 1m 05s
        history   ▁▂▄█  p50 a second, up to 800 ms
        hosts    b-1  ██████████████████████████████  50 %        6
                 b-2  ████████████████████░░░░░░░░░░  33 %        4
                 b-10 ██████████░░░░░░░░░░░░░░░░░░░░  17 %        2

        p pause after this point · s skip the rest of it · q stop and keep"
    `);
  });

  test('the first token stands below the response where answers are streamed, before and after there is one', () => {
    const streamed = { ...sweepAt(2, fullTick), plan: { ...ladder, stream: true } };
    const ttft = { p50: 61, p90: 80, p95: 85, p99: 1200 };
    const rowOf = (sweep: ActiveSweep) => rows(sweep, [80, 24]).find((row) => row.startsWith('  ttft'));
    expect(rowOf(streamed)).toBe('  ttft     -');
    expect(rowOf({ ...streamed, tick: { ...fullTick, ttft } })).toBe(
      '  ttft     p50 61 ms    p90 80 ms    p95 85 ms    p99 1.2 s',
    );
    expect(rowOf(sweepAt(2, fullTick))).toBeUndefined();
  });

  test('at 200x50, hosts beside the figures', () => {
    expect(rows(sweepAt(2, fullTick), [200, 50], NOTHING_ASKED).join('\n')).toMatchInlineSnapshot(`
      "⠋ point 3 of 13 · 50 req/s · measuring                                                                                                           2m 05s left

        ladder   ✓1 !10 ▸50 100 200 300 400 500 600 700 800 900 1000
        point    ███████████████░░░░░░░░░░░░░░░ measuring 5.0 / 10 s                  hosts    b-1  ██████████████████████████████  50 %        6
        rate     offered 50/s   sent 49.8/s   in flight 235                                    b-2  ████████████████████░░░░░░░░░░  33 %        4
        answers  ok 12   failed 3   of 250 sent                                                b-10 ██████████░░░░░░░░░░░░░░░░░░░░  17 %        2
        errors   503 2   ECONNRESET 1
        lateness p50 0.05 ms  p90 0.09 ms  p95 0.11 ms  p99 1.44 ms
        response p50 340 ms   p90 812 ms   p95 1.2 s    p99 1m 05s
        history   ▁▂▄█  p50 a second, up to 800 ms

        p pause after this point · s skip the rest of it · q stop and keep"
    `);
  });

  test('at 60x12, without what matters least', () => {
    expect(rows(sweepAt(2, fullTick), [60, 12], NOTHING_ASKED).join('\n')).toMatchInlineSnapshot(`
      "⠋ point 3 of 13 · 50 req/s · measuring          2m 05s left
        point    ████████████░░░░░░░░░░░░ measuring 5.0 / 10 s
        rate     offered 50/s   sent 49.8/s   in flight 235
        answers  ok 12   failed 3   of 250 sent
        errors   503 2   ECONNRESET 1
        lateness p50 0.05 ms  p95 0.11 ms  p99 1.44 ms
        response p50 340 ms   p95 1.2 s    p99 1m 05s
        history   ▁▂▄█  p50 a second, up to 800 ms
        p pause · s skip · q stop"
    `);
  });

  test('says what is not known yet, and keeps its height between points', () => {
    const before = rows(sweepAt(2, fullTick), [80, 24]);
    const { tick: _over, ...between } = sweepAt(2, fullTick);
    expect(rows(between, [80, 24])).toHaveLength(before.length);
    expect(rows(sweepAt(0, tick), [80, 24]).join('\n')).toMatch(/lateness -\n {2}response -/);
    expect(rows(between, [80, 24])[0]).toContain('point 3 of 13 · 50 req/s · waiting to start');
    expect(rows(between, [80, 24], { ...NOTHING_ASKED, paused: true })[0]).toContain('paused');
  });

  test('a rate of one request is none yet', () => {
    const sweep = sweepAt(2, { ...fullTick, rate: 0.05, sent: 1, sentPerSecond: 0.0693 });
    expect(rows(sweep, [80, 24]).join('\n')).toMatch(/rate +offered 0\.05\/s +in flight/);
  });

  test('a search shows what it tried', () => {
    const search = { ...plan, rates: [1, 1000], search: { low: 1, high: 1000, maxPoints: 12 } };
    const sweep: ActiveSweep = { ...sweepAt(2, { ...fullTick, rate: 250 }), plan: search };
    expect(rows(sweep, [80, 24])[0]).toContain('point 3 of at most 12 · 250 req/s');
    expect(rows(sweep, [80, 24]).join('\n')).toContain('ladder   ✓50 !50 ▸250');
    const { tick: _over, ...between } = sweep;
    expect(rows(between, [80, 24]).join('\n')).toMatch(/point 3 of at most 12 · waiting[\s\S]*offered -\n/);
  });

  test('the ladder keeps the current rate in sight', () => {
    for (let at = 0; at < ladder.rates.length; at++) {
      expect(rows(sweepAt(at, fullTick), [40, 24]).join('\n')).toContain(`▸${ladder.rates[at]}`);
    }
  });

  test('never wraps and never fills the screen, whatever its size and however many hosts', () => {
    const hosts = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`host-${index}-${'x'.repeat(30)}`, index]),
    );
    const errorsByClass = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`E${index}`, index]));
    const crowded = sweepAt(12, { ...fullTick, hosts, errorsByClass });
    for (const columns of [30, 60, 80, 124, 200]) {
      for (const height of [5, 8, 12, 15, 24, 50]) {
        const shown = rows(crowded, [columns, height], NOTHING_ASKED);
        expect(Math.max(...shown.map((row) => [...row].length))).toBeLessThan(columns);
        expect(shown.length).toBeLessThan(height - 1);
        expect(shown[0]).toContain('point 13');
      }
    }
    expect(rows(crowded, [80, 24]).join('\n')).toMatch(/and \d+ more hosts/);
  });

  test('the footer says what was asked', () => {
    const footer = (asked: Partial<Asked>) => rows(sweepAt(2), [80, 24], { ...NOTHING_ASKED, ...asked }).at(-1);
    expect(footer({ paused: true })).toContain('p go on');
    expect(footer({ skipping: true })).toContain('skipping the rest');
    expect(footer({ stopping: true })).toContain('stopping: what was measured is kept');
    expect(rows(sweepAt(2), [80, 24]).join('\n')).not.toContain('q stop');
  });
});
