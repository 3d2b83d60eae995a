import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import Table from 'cli-table3';
import { run as chainOverhead } from './services/chain-overhead.ts';
import { run as overload } from './services/overload.ts';
import { run as startup } from './startup.ts';
import type { BenchResult } from './types.ts';

/**
 * `npm run bench`: every benchmark on the built command and services, one after another, as a table and as JSON in
 * results/. Run it on a machine that does nothing else. Exit 8 when a target is missed.
 */
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
const date = new Date().toISOString();
const results: BenchResult[] = [];
for (const run of [startup, chainOverhead, overload]) {
  const result = await run();
  results.push(result);
  const table = new Table({
    head: [result.name, 'measured', 'target', 'met', 'beside'],
    style: { head: [], border: [] },
    colWidths: [34, 14, 34, 5, 36],
    wordWrap: true,
  });
  for (const row of result.rows) {
    table.push([row.what, `${row.measured} ${row.unit}`, row.target, row.ok ? 'yes' : 'NO', row.compare ?? '']);
  }
  console.log(table.toString());
}
const folder = new URL('../results/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });
const file = `${folder}bench-${date.slice(0, 19).replaceAll(':', '')}.json`;
writeFileSync(file, `${JSON.stringify({ date, machine, results }, undefined, 2)}\n`);
console.log(`${machine}\n${file}`);
if (results.some(({ rows }) => rows.some(({ ok }) => !ok))) process.exitCode = 8;
