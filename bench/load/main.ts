import { printTable, publish } from '../publish.ts';
import type { BenchResult } from '../types.ts';
import { run as closed } from './closed.ts';
import { run as engine } from './engine.ts';
import { run as highestRate } from './highest-rate.ts';
import { run as https } from './https.ts';
import { run as inFlight } from './in-flight.ts';
import { run as knee } from './knee.ts';
import { run as knownDistribution } from './known-distribution.ts';
import { run as lateness } from './lateness.ts';
import { run as records } from './records.ts';
import { run as sloSearch } from './slo-search.ts';
import { run as stall } from './stall.ts';
import { run as steadiness } from './steadiness.ts';
import { run as streamCost } from './stream-cost.ts';
import { run as streamEvents } from './stream-events.ts';
import { run as streamKinds } from './stream-kinds.ts';
import { run as streamTruth } from './stream-truth.ts';

/**
 * `npm run bench:load`: the load engine beside other generators, and its figures beside known truths, as a table and as
 * JSON in results/. Run it on a machine that does nothing else. Arguments name the parts to run; exit 8 when a target is
 * missed.
 */
const PARTS = {
  records,
  steadiness,
  knee,
  sloSearch,
  engine,
  closed,
  lateness,
  highestRate,
  https,
  stall,
  knownDistribution,
  inFlight,
  streamCost,
  streamEvents,
  streamKinds,
  streamTruth,
};
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);

const results: BenchResult[] = [];
for (const [name, run] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const result = await run();
  results.push(result);
  printTable(result);
}
publish('bench-load', results);
