// The last line of `npm test` and of `npm run test:engine`, from the report that Vitest writes.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** Arguments of Vitest that have it write the report, whose old one is removed. */
export function reporters(report) {
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
}

/** Says how many tests passed, failed and were skipped, and which were skipped; nothing where there is no report. */
export function printOutcome(report) {
  if (!existsSync(report)) return;
  const results = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults);
  const count = (status) => results.filter((test) => test.status === status).length;
  const skipped = results.filter((test) => test.status === 'skipped' || test.status === 'pending');
  if (skipped.length > 0) console.log('\nSkipped:');
  for (const test of skipped) console.log(`  - ${test.fullName}`);
  const last = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  console.log(`\n${count('passed')} passed, ${count('failed')} failed${last}`);
}
