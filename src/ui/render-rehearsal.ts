import type { RehearsalReport } from '../services/rehearsal/rehearse.ts';
import { sweepText } from '../services/results/sweep-table.ts';
import { reportLine } from '../services/results/text.ts';
import { besideLead } from './format/entry.ts';
import { nextCommands, plural } from './format/text.ts';

/** What a rehearsal has shown, and what to do next. */
export function renderRehearsal(
  { deployment, smoke, sweep, teardown }: RehearsalReport,
  columns: number,
  page?: string,
): string {
  const replicas = deployment.changes.filter(({ key }) => /^b-\d+$/.test(key)).length;
  const hosts = Object.entries(smoke.hosts).map(([host, count]) => `${host} ${count}`);
  const failed = smoke.checks.filter(({ status }) => status === 'failed');
  const line = (name: string, text: string) => besideLead(name.padEnd(10), text, columns);
  return `${reportLine(page)}${[
    ...line(
      'deploy',
      `A, ${plural(replicas, 'replica')} of B behind a proxy and a simulated engine, ready on this machine`,
    ),
    ...line(
      'smoke',
      `${smoke.passed} checks passed, ${smoke.failed} failed; hosts of B: ${hosts.join(', ') || 'none'}`,
    ),
    ...failed.flatMap(({ name, expected, actual, remedy = '' }) =>
      line('', `${name}: expected ${expected}, got ${actual}. ${remedy}`.trimEnd()),
    ),
    ...(sweep === undefined
      ? line('load', 'left out: the chain does not work')
      : ['', sweepText(sweep, columns).trimEnd(), '']),
    ...line(
      'teardown',
      `${teardown.removed.length} processes stopped, verified gone; logs: ${deployment.details.logs}`,
    ),
    '',
    ...nextCommands(['chainctl deploy local', 'chainctl load --rps 1,10,50', 'chainctl --help']),
  ].join('\n')}`;
}
