import { expect, test } from 'vitest';
import { Samples } from '../../../src/services/load/stats/percentiles.ts';
import { boundsSection, markedText, markLegend } from '../../../src/services/results/certain.ts';
import { pointOf } from './fixture.ts';

function distributionOf(count: number) {
  const samples = new Samples();
  for (let at = 0; at < count; at++) samples.add(((at * 37) % count) + 1);
  const summary = samples.summary();
  if (summary === undefined) throw new Error('no samples');
  return summary;
}

const NAMES = ['p50', 'p90', 'p95', 'p99'] as const;

test('a percentile is marked where its sample does not bound it from above', () => {
  const marked = (count: number) => NAMES.map((name) => markedText(distributionOf(count), name, '1.0'));
  expect(marked(6)).toEqual(['~1.0', '~1.0', '~1.0', '~1.0']);
  expect(marked(100)).toEqual(['1.0', '1.0', '1.0', '~1.0']);
  expect(marked(459)).toEqual(['1.0', '1.0', '1.0', '1.0']);
  expect(markedText(distributionOf(6), 'p99', '-')).toBe('-');
  expect(markedText(undefined, 'p99', '-')).toBe('-');
});

test('runs of earlier versions tell by the size of their sample', () => {
  const { upper: _, ...earlier } = distributionOf(100);
  expect(NAMES.map((name) => markedText(earlier, name, '1.0'))).toEqual(['1.0', '1.0', '1.0', '~1.0']);
});

test('one legend, where there is a mark', () => {
  expect(markLegend([['1', '2.0']])).toEqual([]);
  expect(markLegend([['1', '~2.0', '~3.0']])).toHaveLength(1);
  expect(markLegend([['~3.0']])[0]?.length).toBeLessThanOrEqual(78);
});

test('the bounds of all points, and columns only where one has a bound', () => {
  const points = [10, 600].map((count, at) => pointOf(at, count, { change: { response: distributionOf(count) } }));
  const { title, table } = boundsSection(points);
  expect(title).toBe('With 99 % confidence at most, milliseconds');
  expect(table?.head).toEqual(['rps', 'p50', 'p90', 'p95', 'p99']);
  expect(table?.rows).toEqual([
    // All but 0.5^10 are below the largest of ten; the ninth would have a chance of 1.1 %.
    ['10', '10.0', '-', '-', '-'],
    ['600', ...NAMES.map((name) => (points[1]?.response?.upper?.[name] ?? 0).toFixed(1))],
  ]);
  expect(boundsSection([pointOf(0, 1)]).table?.rows).toEqual([]);
});
