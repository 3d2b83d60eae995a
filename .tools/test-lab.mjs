// `npm run test:lab`: chainctl against both clouds and on machines, killed at every effect, and the lab's own machines; see
// docs/lab.md. Needs root on Debian; says what it skips elsewhere. `npm run test:lab -- gcp/bake` runs only what matches.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';
import { finish, runVitest } from './outcome.mjs';

ensureInstalled();
ensureBuilt();
const args = ['--config', 'test/vitest.config.ts', '--project', 'lab', ...process.argv.slice(2)];
finish(await runVitest('vitest-lab', args));
