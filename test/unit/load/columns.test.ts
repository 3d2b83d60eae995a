import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { REQUEST_HEADER, SUMMARY_HEADER } from '../../../src/services/load/record/csv-rows.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';

/** Every field of a point: the compiler holds this to the type. */
const FIELDS = {
  ...{ index: 1, rate: 1, loop: 1, concurrency: 1, status: 1, validity: 1, contaminated: 1, durationSeconds: 1 },
  ...{ startedAt: 1, scheduled: 1, sent: 1, dropped: 1, outcomes: 1, errorsByClass: 1, errorTexts: 1, otherTexts: 1 },
  ...{ sentRps: 1, okRps: 1, okAfterWindow: 1, servedRps: 1, response: 1, service: 1, lateness: 1, peakInFlight: 1 },
  ...{ newConnections: 1, retried: 1, generatorCores: 1, hosts: 1, fairness: 1, models: 1, state: 1, little: 1 },
  ...{ sessions: 1, turns: 1, waterfall: 1, refusedBy: 1, tokens: 1, stream: 1, good: 1, objectives: 1, asked: 1 },
  ...{ certainty: 1, perRequestCsv: 1 },
} satisfies Record<keyof PointSummary, 1>;

const docs = await readFile(new URL('../../../docs/columns.md', import.meta.url), 'utf8');
const sections = docs.split('\n## ').slice(1);

test.each([
  ['One request', REQUEST_HEADER.trim().split(',')],
  ['One point: ', SUMMARY_HEADER.trim().split(',')],
  ['One point, all', Object.keys(FIELDS)],
])('%s: the docs name every column, and no other', (title, columns) => {
  const section = sections.find((each) => each.startsWith(title)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(named.toSorted()).toEqual(columns.toSorted());
});
