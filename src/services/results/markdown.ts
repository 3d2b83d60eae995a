import { countedFrom } from '../load/offered.ts';
import { markLegend } from './certain.ts';
import { pointTable, RATES_AND_TIMES } from './point-columns.ts';
import { factsOf, type ReportedRun, type WatchedGroup } from './recorded.ts';
import { scalingSections } from './scaling-sections.ts';
import type { Section, Table } from './section.ts';
import { conclusionLines, endingLines, sweepSections } from './sweep-sections.ts';
import { askedLines, display, timeColumn } from './text.ts';

const COLUMNS = ['rps', 'verdict', ...RATES_AND_TIMES, 'errors by class', 'refused or failed at'] as const;

/** A run as Markdown, for an issue, a pull request or a wiki: the same facts as the table. */
export function markdownOf({ report, manifest, scaling }: ReportedRun): string {
  const { plan, points } = report;
  const time = timeColumn(points.map(({ response }) => response?.p99));
  const ofPoints = pointTable(points, COLUMNS, time.text, '! ');
  return joined([
    `# ${cell(plan.tag)}: \`${display(plan.targetUrl).replaceAll('`', "'")}\``,
    plan.simulated ? '> **SIMULATED**: the engine was simulated, these figures say nothing about a real model.' : '',
    ...askedLines(plan),
    ...endingLines(report).map((line) => `> ${cell(line)}`),
    list(conclusionLines(report)),
    points.length === 0 ? 'No point was measured.' : table(ofPoints),
    points.length === 0
      ? ''
      : `p50 to p99: response time of successes in ${time.unit}, from the ${countedFrom(points[0])} of each request.`,
    ...markLegend(ofPoints.rows),
    ...[...sweepSections(report), ...(scaling === undefined ? [] : scalingSections(scaling.figures))].map(block),
    block({ title: 'This run', lines: [...factsOf(manifest), ['run', plan.runId]].map((fact) => fact.join(': ')) }),
  ]);
}

/** A group that was watched without a run. */
export function watchMarkdown({ name, scaling }: WatchedGroup): string {
  return joined([`# ${cell(name)}`, ...scalingSections(scaling.figures).map(block)]);
}

function joined(blocks: readonly string[]): string {
  return `${blocks.filter((each) => each !== '').join('\n\n')}\n`;
}

/** A section; empty where it says nothing. */
function block({ title, table: own, lines = [] }: Section): string {
  const parts = [own === undefined || own.rows.length === 0 ? '' : table(own), list(lines)].filter(
    (each) => each !== '',
  );
  return parts.length === 0 ? '' : [`## ${cell(title)}`, ...parts].join('\n\n');
}

function table({ head, fullHead = head, rows, words = [] }: Table): string {
  const rule = head.map((name) => (words.includes(name) ? ':---' : '---:'));
  return [fullHead, rule, ...rows.map((row) => row.map(cell))].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${cell(line)}`).join('\n');
}

/** Foreign text must not end a cell or begin a link, an image or an element. */
function cell(text: string): string {
  return display(text).replaceAll(/[\\|<>[\]`*_]/g, '\\$&');
}
