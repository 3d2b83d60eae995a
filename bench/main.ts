import { run as aws } from './aws.ts';
import { run as gcp } from './gcp.ts';
import { printTable, publish } from './publish.ts';
import { run as chainOverhead } from './services/chain-overhead.ts';
import { run as overload } from './services/overload.ts';
import { run as streaming } from './services/streaming.ts';
import { run as startup } from './startup.ts';
import type { BenchResult } from './types.ts';

const PARTS = { startup, 'chain-overhead': chainOverhead, overload, streaming, aws, gcp };

/**
 * `npm run bench`: every benchmark on the built command and services, one after another, as a table and as JSON in
 * results/; `npm run bench -- aws` only that one. Run it on a machine that does nothing else. Exit 8 when a target is
 * missed.
 */
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`no benchmark is called ${unknown.join(' or ')}: there are ${Object.keys(PARTS).join(', ')}, load`);
  process.exitCode = 2;
} else {
  const results: BenchResult[] = [];
  for (const [name, run] of Object.entries(PARTS)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const result = await run();
    results.push(result);
    printTable(result);
  }
  publish('bench', results);
}
