import { printTable, publish } from './publish.ts';
import { run as chainOverhead } from './services/chain-overhead.ts';
import { run as overload } from './services/overload.ts';
import { run as startup } from './startup.ts';
import type { BenchResult } from './types.ts';

/**
 * `npm run bench`: every benchmark on the built command and services, one after another, as a table and as JSON in
 * results/. Run it on a machine that does nothing else. Exit 8 when a target is missed.
 */
const results: BenchResult[] = [];
for (const run of [startup, chainOverhead, overload]) {
  const result = await run();
  results.push(result);
  printTable(result);
}
publish('bench', results);
