// `npm test`: from a fresh clone to every check that needs neither root nor Docker. Says at the end what it had to skip.
// `npm test -- test/unit` runs only the tests whose path matches, after the same checks.
import { ensureBuilt, ensureInstalled, ensurePrograms, run } from './ensure.mjs';
import { finish, runVitest, tool, withTools } from './outcome.mjs';

/** Programs that some tests use, and the Debian package of each. */
const PROGRAMS = {
  ...{ tmux: 'tmux', chromium: 'chromium', sshd: 'openssh-server', zsh: 'zsh', fish: 'fish' },
  // Debian's own place for it is in no PATH.
  '../lib/postgresql/15/bin/initdb': 'postgresql-15',
};

ensureInstalled();
ensureBuilt();
ensurePrograms(PROGRAMS, 'tests');

const failed = [];
for (const [name, command, args] of [
  ['types', 'tsc', []],
  ['lint and format', 'biome', ['ci', '--error-on-warnings']],
  ['unused code', 'knip', []],
]) {
  console.log(`\n== ${name}`);
  const code = await run(tool(command), args, { env: withTools() });
  if (code >= 130) process.exit(code);
  if (code !== 0) failed.push(name);
}
console.log('\n== tests');
const selection = process.argv.slice(2);
const args = ['--config', 'test/vitest.config.ts', '--project', 'unit', '--project', 'integration', ...selection];
finish(await runVitest('vitest', args), failed);
