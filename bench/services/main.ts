import { run as chainOverhead } from './chain-overhead.ts';
import { run as overload } from './overload.ts';

/** `node bench/services/main.ts`: both benchmarks on the built bundles; exit 8 when a target is missed. */
for (const run of [chainOverhead, overload]) {
  const { name, rows } = await run();
  console.log(name);
  console.table(rows);
  if (rows.some(({ ok }) => !ok)) process.exitCode = 8;
}
