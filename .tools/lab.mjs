// `npm run lab`: the cloud on this machine, for a person. `npm run lab -- --clean` removes what it keeps between runs.
import { ensureBuilt, ensureInstalled, node, run } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
process.exitCode = await run(node(), ['lab/main.ts', ...process.argv.slice(2)]);
