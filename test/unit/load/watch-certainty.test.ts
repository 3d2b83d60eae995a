import { expect, test } from 'vitest';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { Collector } from '../../../src/services/load/stats/collector.ts';
import { summarizePoint } from '../../../src/services/load/stats/point-summary.ts';
import { parseUntilCertain } from '../../../src/services/load/stats/until-certain.ts';
import { watchCertainty } from '../../../src/services/load/sweep/watch-certainty.ts';
import { boundsSection } from '../../../src/services/results/certain.ts';
import { remarksOf } from '../../../src/services/results/verdict.ts';

const progress = {
  ...{ phase: 'measure' as const, elapsedMs: 20_000, sent: 1000, dropped: 0, inFlight: 0, peakInFlight: 1 },
  ...{ newConnections: 1, cpuSeconds: 1 },
};

test('the bound that ended a point is the one that its table and its remark show', () => {
  const until = { ...parseUntilCertain('p99'), maxDurationSeconds: 600 };
  const collected = new Collector(protocolNamed('chain'), { times: ['e2e'] });
  const watch = watchCertainty(until, 50, {}, 10);
  for (let index = 0; index < 1000; index++) {
    // The slowest ones come together: neighbours are alike, and the sample counts as a smaller one.
    const slow = index % 100 === 99 || index >= 995 ? 5 : 0;
    const serviceMs = 100 + ((index * 377) % 1000) / 1000 + slow;
    const times = { latenessMs: 0, serviceMs };
    collected.add({
      index,
      intendedMs: index * 20,
      ...times,
      status: 200,
      outcome: 'ok',
      class: '',
      error: '',
    } as never);
  }
  expect(watch.isEnough(progress, collected, () => {})).toBe(true);
  const facts = {
    ...{ index: 0, rate: 50, startedAt: '2026-01-01T00:00:00Z', status: 'complete' as const, scheduled: 1000 },
    ...{ perRequestCsv: '', durationSeconds: 20, maxInFlight: 100, progress, wallSeconds: 20, boundTail: watch.tail },
  };
  const point = watch.judged(summarizePoint(facts, collected), collected);
  const upper = point.certainty?.upper;
  expect(upper).toBeGreaterThan(100);
  expect(point.certainty).toMatchObject({ reached: true, estimate: point.response?.p99, count: 1000 });
  expect(point.certainty).not.toHaveProperty('share');
  expect(point.response?.upper?.p99).toBe(upper);
  const table = boundsSection([point]).table;
  expect(table?.rows[0]?.[table.head.indexOf('p99')]).toBe(upper?.toFixed(1));
  expect(remarksOf(point).join('\n')).toContain(`p99 is certain to 10 %`);
});
