// `npm test`: from a fresh clone to every check that this machine can run. Says at the end what it had to skip, and why.
// `npm test -- test/unit` runs only the tests whose path matches, after the same checks.
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ensurePrograms, node, root, run } from './ensure.mjs';
import { printOutcome, reporters } from './outcome.mjs';

/** Programs that some tests use, and the Debian package of each. */
const PROGRAMS = { tmux: 'tmux', chromium: 'chromium', sshd: 'openssh-server', zsh: 'zsh', fish: 'fish' };

ensureInstalled();
ensureBuilt();
ensurePrograms(PROGRAMS, 'tests');

const report = join(root, '.cache', 'vitest.json');

const bin = (name) => join(root, 'node_modules', '.bin', name);
const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`;
const selection = process.argv.slice(2);
const steps = [
  ['types', bin('tsc'), []],
  ['lint and format', bin('biome'), ['ci', '--error-on-warnings']],
  ['unused code', bin('knip'), []],
  ['tests', bin('vitest'), ['run', '--config', 'test/vitest.config.ts', ...reporters(report), ...selection]],
];

const failed = [];
for (const [name, command, args] of steps) {
  console.log(`\n== ${name}`);
  const code = await run(command, args, { env: { ...process.env, PATH: path } });
  if (code >= 130) process.exit(code);
  if (code !== 0) failed.push(name);
}

printOutcome(report);
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')} (on ${node()})`);
process.exitCode = failed.length > 0 ? 1 : 0;
