// `npm start`: from a fresh clone to the whole job done once on this machine.
import { ensureBuilt, ensureInstalled, node, run } from './ensure.mjs';

ensureInstalled();
ensureBuilt();
process.exitCode = await run(node(), ['bin/run.js', 'rehearse', ...process.argv.slice(2)]);
