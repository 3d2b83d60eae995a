// `npm run test:clients`: A and B as programs see them that nobody here wrote: the clients of npm and PyPI, and schemathesis.
// Without Python or PyPI it says what it skips. `npm run test:clients -- python` runs only the tests whose path matches.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';
import { finish, runVitest } from './outcome.mjs';
import { clientsOfPypi } from './python.mjs';

ensureInstalled();
ensureBuilt();
const args = ['--config', 'test/vitest.config.ts', '--project', 'clients', ...process.argv.slice(2)];
finish(await runVitest('vitest-clients', args, { env: clientsOfPypi() }));
