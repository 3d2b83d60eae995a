import { expect, test } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { summaryRow } from '../../../src/services/load/record/csv-rows.ts';
import { Collector } from '../../../src/services/load/stats/collector.ts';
import { Counts, OTHER, topCounts } from '../../../src/services/load/stats/counts.ts';
import { summarizePoint } from '../../../src/services/load/stats/point-summary.ts';
import { Seconds } from '../../../src/services/load/stats/seconds.ts';
import type { SecondSample, SweepPlan } from '../../../src/services/load/types.ts';
import { hostSection } from '../../../src/services/results/sweep-sections.ts';
import { errorClasses } from '../../../src/services/results/text.ts';
import { pointRemarks } from '../../../src/ui/format/sweep.ts';

test('names beyond the bound are counted together, but for those that something is decided by', () => {
  const counts = new Counts(2, ['EMFILE']);
  expect(['a', 'b', 'a', 'c', 'd', 'EMFILE', 'b'].map((name) => counts.count(name))).toEqual([
    ...['a', 'b', 'a', OTHER, OTHER, 'EMFILE', 'b'],
  ]);
  expect([...counts]).toEqual(Object.entries({ a: 2, b: 2, [OTHER]: 2, EMFILE: 1 }));
});

test('the most frequent are named, and the rest is one entry', () => {
  expect(topCounts(Object.entries({ a: 1, b: 5, c: 2 }), 2)).toEqual(Object.entries({ b: 5, c: 2, a: 1 }));
  expect(topCounts(Object.entries({ a: 1, b: 5, c: 2, d: 1 }), 2)).toEqual(
    Object.entries({ b: 5, c: 2, 'and 2 more': 2 }),
  );
  expect(topCounts(Object.entries({ [OTHER]: 90, a: 1, b: 5, c: 2 }), 2)).toEqual(
    Object.entries({ b: 5, c: 2, 'and more than 1 more': 91 }),
  );
  expect(topCounts(Object.entries({ [OTHER]: 90, a: 1 }), 2)).toEqual(Object.entries({ a: 1, 'and others': 90 }));
});

/** Every answer is of a host of its own, and every third is an error of its own. */
const answer = (index: number): RequestRecord => ({
  ...{ index, intendedMs: index / 10, latenessMs: 0, serviceMs: 1, status: 200, host: `h-${index}-${'x'.repeat(90)}` },
  ...(index % 3 === 0
    ? { outcome: 'http_error', class: `class-${index}`, error: `HTTP 500: text ${index}` }
    : { outcome: 'ok', class: 'ok', error: '' }),
});

test('a target that makes up a host and an error for every answer floods neither record nor tables', () => {
  const collected = new Collector(protocolNamed('raw'));
  const seconds: SecondSample[] = [];
  const series = new Seconds(0, 10, (sample) => seconds.push(sample));
  const total = 30_000;
  for (let index = 0; index < total; index++) {
    collected.add(answer(index));
    series.add([answer(index)]);
  }
  series.end();
  const progress = { phase: 'drain', elapsedMs: 1, sent: total, dropped: 0, inFlight: 0 } as const;
  const point = summarizePoint(
    {
      ...{ index: 0, rate: 3000, startedAt: '', durationSeconds: 10, status: 'complete', scheduled: total },
      ...{ maxInFlight: 1, perRequestCsv: '', wallSeconds: 10 },
      progress: { ...progress, peakInFlight: 1, newConnections: 1, cpuSeconds: 1 },
    },
    collected,
  );
  for (const counts of [point.hosts, point.errorsByClass]) {
    expect(Object.keys(counts)).toHaveLength(201);
    expect(Object.keys(counts).at(-1)).toBe(OTHER);
  }
  expect(Object.values(point.hosts).reduce((sum, count) => sum + count)).toBe(total);
  expect(Object.keys(point.errorTexts ?? {}).length).toBeLessThanOrEqual(201);
  expect(point.fairness).toBeUndefined();
  for (const { hosts } of seconds) expect(Object.keys(hosts).length).toBeLessThanOrEqual(101);

  const { table } = hostSection([point]);
  expect(table?.rows).toHaveLength(6);
  expect(table?.rows.at(-1)).toEqual(['and more than 195 more', '29995', '100.0 %']);
  const long = (end: string) => `b-${'x'.repeat(200)}-${end}`;
  const few = hostSection([{ ...point, hosts: { [long('one')]: 2, [long('two')]: 1 } }]).table?.rows ?? [];
  expect(few.map(([host = '']) => host.slice(-4))).toEqual(['-one', '-two']);
  expect(few.every(([host = '']) => host.length <= 48)).toBe(true);
  expect(errorClasses(point)).toMatch(/^class-0 x 1 \(text 0\), .*, and more than 192 more x 9992$/);
  expect(pointRemarks(point).join('\n')).toContain('and more than 195 more 9,995');
  expect(JSON.stringify(point).length).toBeLessThan(60_000);
  const plan = { tag: 't', targetUrl: 'http://h/', timeoutSeconds: 1, drainSeconds: 1, maxInFlight: 1 } as SweepPlan;
  const row = summaryRow({ ...plan, runId: 'r', simulated: false }, point);
  expect(row.length).toBeLessThan(12_000);
  expect(row).toContain(`${OTHER}=29950`);
});
