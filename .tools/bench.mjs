// `npm run bench` and `npm run bench:load`: installs wrk and hyperfine where it may, builds, and runs every benchmark.
import { ensureBuilt, ensureInstalled, ensurePrograms, node, run } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
ensurePrograms({ wrk: 'wrk', hyperfine: 'hyperfine' }, 'benchmarks');
const [which, ...rest] = process.argv.slice(2);
const load = which === 'load';
const args = load ? rest : process.argv.slice(2);
process.exitCode = await run(node(), [load ? 'bench/load/main.ts' : 'bench/main.ts', ...args]);
