import { expect, test } from 'vitest';
import type { SeriesSample } from '../../../src/services/load/record/read-run.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import { sideBySide } from '../../../src/services/results/html/side-by-side.ts';

const point = (index: number, rate: number, second: number) =>
  skippedPoint(index, rate, '', new Date(1_800_000_000_000 + second * 1000).toISOString());
const sample = (index: number, second: number, more: Partial<SeriesSample> = {}): SeriesSample => ({
  ...{ index, rate: index + 1, second, phase: 'measure', sent: 2, ok: 1, failed: 0, inFlight: 3, hosts: { b: 1 } },
  ...more,
});
const drain = (index: number, second: number) => sample(index, second, { phase: 'drain', sent: 0, p50: 900 });

test('what a point still gets answered is counted in the seconds of the one that is offered', () => {
  const points = [point(0, 1, 0), point(1, 2, 2.3)];
  const series = [sample(0, 0), sample(0, 1), drain(0, 2), drain(0, 3), sample(1, 0, { p50: 100 }), drain(1, 1)];
  expect(sideBySide(points, series)).toEqual([
    sample(0, 0),
    sample(0, 1),
    // From 2.0 to 3.0 s, while the second point was offered from 2.3 s on.
    sample(1, 0, { ok: 2, inFlight: 6, hosts: { b: 2 }, p50: 900 }),
    { ...drain(1, 1), ok: 2, inFlight: 6, hosts: { b: 2 } },
  ]);
});

test('seconds without a point that was offered stay its own', () => {
  const points = [point(0, 1, 0), point(1, 2, 60)];
  const series = [sample(0, 0), drain(0, 1), sample(1, 0)];
  expect(sideBySide(points, series)).toEqual(series);
});
