import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import Table from 'cli-table3';
import type { BenchResult } from '../types.ts';
import { run as closed } from './closed.ts';
import { highestRate, inFlight, lateness } from './open.ts';
import { run as records } from './records.ts';
import { run as stall } from './stall.ts';
import { run as steadiness } from './steadiness.ts';

/**
 * `npm run bench:load`: the load engine beside other generators, as a table and as JSON in results/. Run it on a machine
 * that does nothing else. Arguments name the parts to run; exit 8 when a target is missed.
 */
const PARTS = { records, steadiness, closed, lateness, highestRate, stall, inFlight };
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);

const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
const date = new Date().toISOString();
const results: BenchResult[] = [];
for (const [name, run] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const result = await run();
  results.push(result);
  const table = new Table({
    head: [result.name, 'measured', 'target', 'met', 'beside'],
    style: { head: [], border: [] },
    colWidths: [40, 20, 20, 5, 44],
    wordWrap: true,
  });
  for (const row of result.rows) {
    table.push([row.what, `${row.measured} ${row.unit}`, row.target, row.ok ? 'yes' : 'NO', row.compare ?? '']);
  }
  console.log(table.toString());
}
const folder = new URL('../../results/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });
const file = `${folder}bench-load-${date.slice(0, 19).replaceAll(':', '')}.json`;
writeFileSync(file, `${JSON.stringify({ date, machine, results }, undefined, 2)}\n`);
console.log(`${machine}\n${file}`);
if (results.some(({ rows }) => rows.some(({ ok }) => !ok))) process.exitCode = 8;
