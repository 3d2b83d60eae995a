import type { PointSummary, SweepReport } from '../load/types.ts';
import type { ScalingFigures } from '../scaling/elasticity.ts';
import { knownWaterfalls, waterfallTimes, workRows } from './breakdown.ts';
import { conclusionLines } from './conclusion.ts';
import { againLine, needsAdvice } from './counting-points.ts';
import { type PointColumn, pointCell, RATE_COLUMNS, TIME_COLUMNS, WORD_COLUMNS, withWindow } from './point-columns.ts';
import { factsOf, type ReportedRun, type WatchedGroup } from './recorded.ts';
import {
  changeLines,
  legendLines,
  metricLines,
  metricRows,
  scaleInTable,
  scaleOutTable,
  scalingRemarks,
  unknownLines,
} from './scaling-words.ts';
import { display, hostTotals, sharedPromptLine, shareText, timeColumn } from './text.ts';
import { isSound, remarksOf } from './verdict.ts';
import { partsOf, waterfallTotal } from './waterfall-parts.ts';

/** A run as Markdown, for an issue, a pull request or a wiki: the same facts as the table. */
export function markdownOf({ report, manifest, scaling }: ReportedRun): string {
  const { plan, points } = report;
  const blocks = [
    `# ${cell(plan.tag)}: ${code(plan.targetUrl)}`,
    ...(plan.simulated
      ? ['> **SIMULATED**: the engine was simulated, these figures say nothing about a real model.']
      : []),
    ...sharedPromptLine(plan),
    ...endings(report),
    list(conclusionLines(report)),
    points.length === 0 ? 'No point was measured.' : pointTable(points),
    list([
      ...againLine(report),
      ...points.flatMap((point) =>
        remarksOf(point, needsAdvice(report, point)).map((text) => `${point.rate} rps: ${text.replace(/^! /, '')}`),
      ),
    ]),
    waterfallTable(points),
    hostTable(points),
    ...(scaling === undefined ? [] : scalingBlocks(scaling.figures)),
    list([...factsOf(manifest), ['run', plan.runId] as const].map(([name, text]) => `${name}: ${text}`)),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function endings({ problem, status }: SweepReport): string[] {
  if (problem !== undefined) return [`> Ended early: ${cell(problem)}`];
  return status === 'complete' ? [] : ['> Interrupted: not the whole ladder was measured.'];
}

const COLUMNS: readonly PointColumn[] = [
  ...(['rps', 'verdict'] as const),
  ...RATE_COLUMNS,
  ...TIME_COLUMNS,
  ...(['errors by class', 'refused or failed at'] as const),
];

function pointTable(points: readonly PointSummary[]): string {
  const time = timeColumn(points.map(({ response }) => response?.p99));
  const columns = withWindow(COLUMNS, points);
  const rows = points.map((point) =>
    columns.map((column) => {
      const text = cell(pointCell(point, column, time.text));
      return column === 'verdict' && point.status !== 'skipped' && !isSound(point) ? `**${text}**` : text;
    }),
  );
  return `${table(columns, rows)}\n\np50 to p99: response time in ${time.unit}, from the intended time of each request.`;
}

function waterfallTable(points: readonly PointSummary[]): string {
  const known = knownWaterfalls(points);
  if (known.length === 0) return '';
  const waterfalls = known.map(({ waterfall }) => waterfall);
  const parts = partsOf(waterfalls);
  const time = waterfallTimes(waterfalls);
  const rows = known.map(({ rate, waterfall }) => [
    String(rate),
    ...parts.map((part) => time.text(part.of(waterfall))),
    time.text(waterfallTotal(waterfall)),
  ]);
  const work = workRows(points);
  return [
    `Where the mean response time went, ${time.unit}:`,
    table(['rps', ...parts.map(({ name }) => name), 'sum'], rows),
    ...(work.rows.length === 0
      ? []
      : [`What the models did in their time, ${time.unit}:`, table(work.head, work.rows)]),
  ].join('\n\n');
}

function hostTable(points: readonly PointSummary[]): string {
  const hosts = hostTotals(points);
  const all = hosts.reduce((sum, [, count]) => sum + count, 0);
  const rows = hosts.map(([host, count]) => [cell(host), String(count), shareText(count, all)]);
  return hosts.length === 0 ? '' : table(['host', 'answers', 'share'], rows);
}

/** A group that was watched without a run. */
export function watchMarkdown({ name, scaling }: WatchedGroup): string {
  const blocks = [`# ${cell(name)}`, ...scalingBlocks(scaling.figures)];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function scalingBlocks(figures: ScalingFigures): string[] {
  const [out, less] = [scaleOutTable(figures), scaleInTable(figures)];
  const cells = (rows: readonly (readonly string[])[]) => rows.map((row) => row.map(cell));
  const metrics = metricRows(figures);
  return [
    `## Scaling of ${code(figures.group)}`,
    list(changeLines(figures)),
    out.rows.length === 0 ? '' : `Scale-out, seconds:\n\n${table(out.head, cells(out.rows))}`,
    less.rows.length === 0 ? '' : `Scale-in, seconds:\n\n${table(less.head, cells(less.rows))}`,
    list([...legendLines(figures), ...unknownLines(figures)]),
    'Elasticity, metrics of the SPEC research group, per cent:',
    metrics.length === 0 ? '' : table(['metric', 'what', 'per cent'], cells(metrics)),
    list([...metricLines(figures), ...scalingRemarks(figures)]),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const words: readonly string[] = ['host', 'size', 'instance', 'metric', 'what', ...WORD_COLUMNS];
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
