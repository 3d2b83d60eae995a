// `npm run bench`: installs wrk and hyperfine where it may, builds, and runs every benchmark.
import { ensureBuilt, ensureInstalled, ensurePrograms, node, run } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
ensurePrograms({ wrk: 'wrk', hyperfine: 'hyperfine' }, 'benchmarks');
process.exitCode = await run(node(), ['bench/main.ts', ...process.argv.slice(2)]);
