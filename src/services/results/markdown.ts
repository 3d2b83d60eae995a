import type { PointSummary, SweepReport } from '../load/types.ts';
import { HOPS, waterfallTotal } from './breakdown.ts';
import { factsOf, type ReportedRun } from './recorded.ts';
import { display, errorClasses, hostTotals, rateText, refusers, shareText, timeColumn } from './text.ts';
import { isSound, kneeLine, remarksOf, sloLines, verdictOf } from './verdict.ts';

/** A run as Markdown, for an issue, a pull request or a wiki: the same facts as the table. */
export function markdownOf({ report, manifest }: ReportedRun): string {
  const { plan, points } = report;
  const blocks = [
    `# ${cell(plan.tag)}: ${code(plan.targetUrl)}`,
    ...(plan.simulated
      ? ['> **SIMULATED**: the engine was simulated, these figures say nothing about a real model.']
      : []),
    ...endings(report),
    list([...kneeLine(report), ...sloLines(report)]),
    points.length === 0 ? 'No point was measured.' : pointTable(points),
    list(points.flatMap((point) => remarksOf(point).map((text) => `${point.rate} rps: ${text.replace(/^! /, '')}`))),
    waterfallTable(points),
    hostTable(points),
    list([...factsOf(manifest), ['run', plan.runId] as const].map(([name, text]) => `${name}: ${text}`)),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function endings({ problem, status }: SweepReport): string[] {
  if (problem !== undefined) return [`> Ended early: ${cell(problem)}`];
  return status === 'complete' ? [] : ['> Interrupted: not the whole ladder was measured.'];
}

function pointTable(points: readonly PointSummary[]): string {
  const time = timeColumn(points.map(({ response }) => response?.p99));
  const head = [
    'rps',
    'verdict',
    'sent/s',
    'ok/s',
    'served/s',
    'ok',
    'errors',
    'p50',
    'p90',
    'p95',
    'p99',
    'errors by class',
    'refused or failed at',
  ];
  const rows = points.map((point) => {
    const { rate, response, sentRps, okRps, servedRps, outcomes } = point;
    const verdict = isSound(point) ? verdictOf(point) : `**${verdictOf(point)}**`;
    if (point.status === 'skipped') return [String(rate), verdict, ...head.slice(2).map(() => '-')];
    return [
      ...[String(rate), verdict, rateText(sentRps), rateText(okRps), rateText(servedRps)],
      ...[String(outcomes.ok), String(point.sent - outcomes.ok)],
      ...[time.text(response?.p50), time.text(response?.p90), time.text(response?.p95), time.text(response?.p99)],
      ...[cell(errorClasses(point)) || '-', cell(refusers(point)) || '-'],
    ];
  });
  return `${table(head, rows)}\n\np50 to p99: response time in ${time.unit}, from the intended time of each request.`;
}

function waterfallTable(points: readonly PointSummary[]): string {
  const known = points.flatMap(({ rate, waterfall }) => (waterfall === undefined ? [] : [{ rate, waterfall }]));
  if (known.length === 0) return '';
  const time = timeColumn(known.map(({ waterfall }) => waterfallTotal(waterfall)));
  const rows = known.map(({ rate, waterfall }) => [
    String(rate),
    ...HOPS.map(([part]) => time.text(waterfall[part])),
    time.text(waterfallTotal(waterfall)),
  ]);
  return `Where the mean response time went, ${time.unit}:\n\n${table(['rps', ...HOPS.map(([, name]) => name), 'sum'], rows)}`;
}

function hostTable(points: readonly PointSummary[]): string {
  const hosts = hostTotals(points);
  const all = hosts.reduce((sum, [, count]) => sum + count, 0);
  const rows = hosts.map(([host, count]) => [cell(host), String(count), shareText(count, all)]);
  return hosts.length === 0 ? '' : table(['host', 'answers', 'share'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const words = ['verdict', 'host', 'errors by class', 'refused or failed at'];
  const rule = head.map((name) => (words.includes(name) ? ':---' : '---:'));
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${cell(line)}`).join('\n');
}

/** Foreign text must not end a cell or begin a link, an image or an element. */
function cell(text: string): string {
  return display(text).replaceAll(/[\\|<>[\]`*_]/g, '\\$&');
}

function code(text: string): string {
  return `\`${display(text).replaceAll('`', "'")}\``;
}
