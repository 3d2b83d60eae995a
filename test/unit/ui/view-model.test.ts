import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { plain } from '../../../src/ui/format/text.ts';
import { liveRows } from '../../../src/ui/ink/live-rows.ts';
import { emptyView, etaOf, isActive, reduceView, type ViewModel } from '../../../src/ui/ink/view-model.ts';
import { fullTick, plan, point, tick } from './events.ts';

/** Each event a second after the one before. */
function viewAfter(...events: readonly Event[]): ViewModel {
  return events.reduce((view, event, index) => reduceView(view, event, index * 1000), emptyView);
}

const rows = (view: ViewModel, size: { columns?: number; rows?: number } = {}) =>
  liveRows(view, { now: 10_000, columns: 80, rows: 24, ...size }, plain);

describe('steps', () => {
  const started: Event = { type: 'step-started', key: 'engine', action: 'create', detail: 'port 1' };

  test('are active from start to end, keep their start while waiting, and leave an entry', () => {
    const waiting = viewAfter(started, { type: 'step-waiting', key: 'engine', action: 'ready', reason: 'no answer' });
    expect(waiting.steps).toEqual([
      { type: 'step-waiting', key: 'engine', action: 'ready', detail: 'port 1', reason: 'no answer', since: 0 },
    ]);
    const done = reduceView(waiting, { type: 'step-done', key: 'engine', action: 'ready', seconds: 2 }, 2000);
    expect(done.steps).toEqual([]);
    expect(done.entries).toEqual([{ mark: 'done', text: 'engine ready after 2.0 s', details: [] }]);
    expect(waiting.entries).toEqual([]);
  });

  test('that fail leave the reason', () => {
    const failed = viewAfter(started, { type: 'step-failed', key: 'engine', action: 'create', reason: 'port taken' });
    expect(failed.entries[0]).toMatchObject({ mark: 'failed', text: 'engine: create failed: port taken' });
    expect(isActive(failed)).toBe(false);
  });
});

describe('progress', () => {
  const progress = (done: number, total = 100): Event =>
    ({ type: 'progress', key: 'pull', label: 'pulling', done, total, unit: 'bytes' }) as const;

  test('has an estimate from its own pace, a resumed one included', () => {
    const view = viewAfter(progress(40), progress(50));
    expect(etaOf(view.progress[0] as never, 2000)).toBe(10);
    expect(etaOf(viewAfter(progress(40)).progress[0] as never, 2000)).toBeUndefined();
    expect(etaOf(viewAfter(progress(1, 0), progress(2, 0)).progress[0] as never, 2000)).toBeUndefined();
  });

  test('goes when it is complete, and starts anew when its figures fall back', () => {
    expect(viewAfter(progress(40), progress(100)).progress).toEqual([]);
    expect(viewAfter(progress(40), progress(90), progress(5)).progress[0]).toMatchObject({
      since: 2000,
      doneAtFirst: 5,
    });
  });
});

describe('checks and sweeps', () => {
  test('a check is active until its result', () => {
    const started: Event = { type: 'check-started', name: 'B is healthy', index: 0, count: 13 };
    const result = { id: 'b', name: 'B is healthy', status: 'passed', seconds: 1, expected: '', actual: '' } as const;
    expect(viewAfter(started).check).toMatchObject({ name: 'B is healthy', since: 0 });
    const done = viewAfter(started, { type: 'check-done', result, index: 0, count: 13 });
    expect(done.check).toBeUndefined();
    expect(done.entries).toHaveLength(1);
  });

  test('a finished point clears the tick; the last one ends the sweep', () => {
    const first = viewAfter(
      { type: 'sweep-started', plan },
      { type: 'sweep-tick', tick },
      { type: 'point-done', point },
    );
    expect(first.sweep).toEqual({ plan, current: 1, points: [point], hosts: [] });
    const last = reduceView(first, { type: 'point-done', point: { ...point, index: 1 } }, 9000);
    expect(last.sweep).toBeUndefined();
    expect(last.entries).toHaveLength(3);
  });

  test('what ends a sweep early: an aborted point or the next phase; hosts stay known', () => {
    const running = viewAfter({ type: 'sweep-started', plan }, { type: 'sweep-tick', tick: fullTick });
    expect(running.sweep?.hosts).toEqual(['b-2', 'b-10', 'b-1']);
    const viewOnce = (status: PointSummary['status']) =>
      reduceView(running, { type: 'point-done', point: { ...point, status } }, 9000);
    expect(viewOnce('aborted').sweep).toBeUndefined();
    expect(viewOnce('interrupted').sweep).toMatchObject({ current: 1, hosts: ['b-2', 'b-10', 'b-1'] });
    expect(reduceView(viewOnce('interrupted'), { type: 'phase', name: 'teardown' }, 9000).sweep).toBeUndefined();
  });

  test('a search goes on past the two rates that bound it', () => {
    const search = { ...plan, search: { low: 1, high: 50, maxPoints: 12 } };
    const done = viewAfter(
      { type: 'sweep-started', plan: search },
      { type: 'point-done', point: { ...point, index: 5 } },
    );
    expect(done.sweep).toMatchObject({ current: 6 });
  });

  test('ticks and points without a sweep change nothing that is live', () => {
    expect(viewAfter({ type: 'sweep-tick', tick }, { type: 'point-done', point }).sweep).toBeUndefined();
  });
});

describe('rows', () => {
  test('show steps with their reason, progress with its estimate, and the phase', () => {
    const view = viewAfter(
      { type: 'phase', name: 'Deploying', estimateSeconds: 60 },
      { type: 'step-started', key: 'engine', action: 'create' },
      { type: 'step-waiting', key: 'engine', action: 'ready', reason: 'the model is not loaded yet' },
      { type: 'progress', key: 'p', label: 'pulling', done: 0, total: 2e9, unit: 'bytes' },
      { type: 'progress', key: 'p', label: 'pulling', done: 5e8, total: 2e9, unit: 'bytes' },
    );
    expect(rows(view).join('\n')).toMatchInlineSnapshot(`
      "⠋ engine: waiting until ready · the model is not loaded yet  9 s
        pulling ██████░░░░░░░░░░░░░░░░░░  25 %  500.0 MB/2.0 GB  21 s left
        Deploying · 10 s of about 1m 00s"
    `);
  });

  test('never wrap and never fill the screen', () => {
    const many = Array.from(
      { length: 60 },
      (_, index): Event => ({ type: 'step-started', key: `${index}-${'k'.repeat(90)}`, action: 'create' }),
    );
    for (const [columns, height] of [
      [80, 24],
      [30, 6],
      [200, 50],
    ] as const) {
      const shown = rows(viewAfter({ type: 'phase', name: 'p'.repeat(300) }, ...many), { columns, rows: height });
      expect(Math.max(...shown.map((row) => row.length))).toBeLessThan(columns);
      expect(shown.length).toBeLessThan(height - 1);
      expect(shown.some((row) => /and \d+ more/.test(row))).toBe(true);
    }
  });
});
