// How `npm test`, `npm run test:lab` and `npm run test:engine` run Vitest, and their last lines.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { node, root, run } from './ensure.mjs';

const BIN = join(root, 'node_modules', '.bin');

/** The path of a program of the lockfile. */
export const tool = (name) => join(BIN, name);

/** The environment in which programs find those of the lockfile, its Node above all. */
export const withTools = (more = {}) => ({ ...process.env, ...more, PATH: `${BIN}:${process.env.PATH}` });

/**
 * Runs Vitest, says how many tests passed, failed and were skipped, and which were skipped, and resolves with its exit code.
 *
 * @param name of the report in .cache/
 * @param args of `vitest run`
 * @param within program and arguments to run it in
 * @param env more variables
 */
export async function runVitest(name, args, { within = [], env = {} } = {}) {
  const report = join(root, '.cache', `${name}.json`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const [command, ...rest] = [...within, tool('vitest'), 'run', ...reporters, ...args];
  const code = await run(command, rest, { env: withTools(env) });
  if (existsSync(report)) printOutcome(JSON.parse(readFileSync(report, 'utf8')));
  return code;
}

function printOutcome({ testResults }) {
  const results = testResults.flatMap((file) => file.assertionResults);
  const count = (status) => results.filter((test) => test.status === status).length;
  const skipped = results.filter((test) => test.status === 'skipped' || test.status === 'pending');
  if (skipped.length > 0) console.log('\nSkipped:');
  for (const test of skipped) console.log(`  - ${test.fullName}`);
  const last = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  console.log(`\n${count('passed')} passed, ${count('failed')} failed${last}`);
}

/** Names the checks that failed, and sets the exit code: 1, or that of an interruption. */
export function finish(code, failed = []) {
  const all = code === 0 ? failed : [...failed, 'tests'];
  if (all.length > 0) console.error(`Failed: ${all.join(', ')} (on ${node()})`);
  process.exitCode = code >= 130 ? code : Number(all.length > 0);
}
