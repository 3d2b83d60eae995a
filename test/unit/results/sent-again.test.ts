import { expect, test } from 'vitest';
import { SUMMARY_HEADER, summaryRow } from '../../../src/services/load/record/csv-rows.ts';
import { sweepText } from '../../../src/services/results/sweep-table.ts';
import { pointOf, reportOf } from './fixture.ts';

test('requests that were given to another connection are counted in the summary, and a remark below the table', () => {
  const point = { ...pointOf(0, 10), retried: 3 };
  const report = reportOf([point, pointOf(1, 20)]);
  const text = sweepText(report, 80).replaceAll(/\s+/g, ' ');
  expect(text).toContain('10 rps: 3 requests given to another connection, before a byte was written to the first');
  expect(text).not.toContain('20 rps: 3 requests');
  const at = SUMMARY_HEADER.trim().split(',').indexOf('retried');
  const cell = (of: typeof point | ReturnType<typeof pointOf>) =>
    summaryRow(report.plan, of)
      .trim()
      .split(',')
      .at(at - SUMMARY_HEADER.trim().split(',').length);
  expect([cell(point), cell(pointOf(1, 20))]).toEqual(['3', '0']);
});
