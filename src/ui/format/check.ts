import { formatSeconds } from '../../durations.ts';
import { wrap } from '../../services/results/text.ts';
import type { CheckResult, SmokeReport } from '../../services/smoke/types.ts';
import { MARKS, type Paint, plain } from './text.ts';

/** One check on one line: `✓ passed  B answers /health  12 ms`. */
export function checkLine(result: CheckResult): string {
  if (result.status === 'skipped') return `${result.name}: skipped: ${result.actual}`;
  if (result.status === 'failed') return `${result.name}: failed after ${formatSeconds(result.seconds)}`;
  return `${result.name} (${formatSeconds(result.seconds)})`;
}

interface Look {
  readonly width?: number;
  readonly paint?: Paint;
}

/** A smoke report as a list for `width` columns: every check with what came; of a failed one also what to do. */
export function formatSmokeReport(report: SmokeReport, { width = 80, paint = plain }: Look = {}): string {
  const simulated = report.simulated ? ' (simulated engine: timings say nothing about a real model)' : '';
  const lines = [
    ...wrap(`Smoke test of ${report.target}${simulated}`, width).map((line) => paint('bold', line)),
    ...(report.bUrl === undefined ? [] : [`B reached at ${report.bUrl}`]),
    '',
    ...report.checks.flatMap((check) => checkLines(check, width, paint)),
  ];
  const hosts = Object.entries(report.hosts);
  if (hosts.length > 0) {
    const most = Math.max(...hosts.map(([host]) => host.length));
    lines.push('', 'Answers per host of B:');
    for (const [host, count] of hosts.toSorted(([a], [b]) => a.localeCompare(b))) {
      lines.push(`  ${host.padEnd(most)}  ${String(count).padStart(3)}`);
    }
  }
  const tally = `${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`;
  lines.push('', report.failed > 0 ? paint('red', tally) : report.skipped > 0 ? tally : paint('green', tally));
  return lines.join('\n');
}

function checkLines({ name, status, seconds, expected, actual, remedy }: CheckResult, width: number, paint: Paint) {
  const { sign, colour } = MARKS[status === 'passed' ? 'done' : status];
  const head = `${sign} ${status.padEnd('skipped'.length)}`;
  const spent = status === 'skipped' ? '' : formatSeconds(seconds);
  const first = `${paint(colour, head)}  ${name.padEnd(width - head.length - 2 - spent.length - 1)} ${spent}`.trimEnd();
  const indent = ' '.repeat(11);
  const labelled = (label: string, text: string) =>
    wrap(text, width - indent.length - 10).map(
      (line, index) => `${indent}${(index === 0 ? label : '').padEnd(10)}${line}`,
    );
  if (status === 'passed') {
    return [first, ...wrap(actual, width - indent.length).map((line) => `${indent}${paint('dim', line)}`)];
  }
  return [
    first,
    ...(status === 'failed' ? labelled('expected', expected) : []),
    ...labelled(status === 'failed' ? 'came' : 'reason', actual),
    ...(remedy === undefined ? [] : labelled('do', remedy)),
  ];
}
