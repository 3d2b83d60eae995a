import { pointCount, profileOf } from '../load/profiles/profiles.ts';
import type { PointSummary, SweepReport } from '../load/types.ts';
import type { ScalingFigures } from '../scaling/elasticity.ts';
import { breakdownSections } from './breakdown.ts';
import { conclusionLines } from './conclusion.ts';
import { againLine, needsAdvice } from './counting-points.ts';
import { hanging, plainTable, section } from './plain-table.ts';
import { type PointColumn, pointCell, RATE_COLUMNS, TIME_COLUMNS, WORD_COLUMNS, withWindow } from './point-columns.ts';
import { scalingSections } from './scaling-text.ts';
import { display, errorClasses, hostTotals, sharedPromptLine, shareText, timeColumn } from './text.ts';
import { isSound, remarksOf } from './verdict.ts';

/** From this many columns on, errors by class and the generator's own figures stand in the table. */
const WIDE = 120;

/** Left out in this order until the table fits: the other columns tell nearly the same. */
const DISPENSABLE: readonly PointColumn[] = ['p90', 'sent/s', 'p95'];

/**
 * A finished sweep as text: one row per point with its verdict, the knee and the thresholds, where the time went, what
 * went wrong and who refused, which hosts answered, where the files are. At 80 columns nothing is left to the
 * terminal to wrap but addresses and names of files. No colours: what matters is said in words.
 *
 * @param columns width of the place it is written to
 * @param scaling of the group behind the target, where it was watched
 */
export function sweepText(report: SweepReport, columns: number, scaling?: ScalingFigures): string {
  const { plan, points } = report;
  const simulated = plan.simulated ? ' (SIMULATED engine: these figures say nothing about a real model)' : '';
  const wide = columns >= WIDE;
  const sections = [
    [`${plan.tag}: ${display(plan.targetUrl)}${simulated}`, ...sharedPromptLine(plan)]
      .flatMap((line) => hanging(line, columns))
      .join('\n'),
    points.length === 0 ? 'No point was measured.' : pointTable(points, columns, wide),
    ...conclusion(report, columns),
    ...section('Errors', wide ? [] : points.flatMap(errorLine), columns),
    ...breakdownSections(points, columns),
    ...section(
      'Remarks',
      [...againLine(report), ...points.flatMap((point) => remarkLines(point, needsAdvice(report, point)))],
      columns,
    ),
    ...section('Answers by host', [...hostLines(points), ...fairnessLine(points)]),
    ...(scaling === undefined ? [] : scalingSections(scaling, columns)),
    [
      ...endingLines(report).flatMap((line) => hanging(line, columns)),
      // To be pasted: nothing breaks it.
      ...resumeLine(report),
      `summary   ${display(report.summaryCsv)}`,
      `requests  ${points.length === 1 ? display(points[0]?.perRequestCsv ?? '') : display(fileGlob(points))}`,
      `run       ${display(report.runFolder)}`,
    ]
      .filter((line) => points.length > 0 || !line.startsWith('requests'))
      .join('\n'),
  ];
  return `${sections.join('\n\n')}\n`;
}

function pointTable(points: readonly PointSummary[], columns: number, wide: boolean): string {
  const time = timeColumn(points.map(({ response }) => response?.p99));
  let names = withWindow(
    [
      'rps',
      ...RATE_COLUMNS,
      ...TIME_COLUMNS,
      'verdict',
      ...(wide ? (['late p99 ms', 'in flight', 'errors by class'] as const) : []),
    ],
    points,
  );
  const cellOf = (point: PointSummary, column: PointColumn) => {
    const mark = column === 'rps' && point.status !== 'skipped' && !isSound(point) ? '! ' : '';
    return mark + pointCell(point, column, time.text);
  };
  const tableOf = () =>
    plainTable(
      names,
      points.map((point) => names.map((name) => cellOf(point, name))),
      WORD_COLUMNS,
    );
  let text = tableOf();
  for (const name of DISPENSABLE) {
    if (text.split('\n').every((line) => line.length <= columns)) break;
    names = names.filter((each) => each !== name);
    text = tableOf();
  }
  const legend = [
    `p50 to p99: response time in ${time.unit}, counted from the intended time.`,
    ...(names.includes('sent/s') ? ['sent/s, ok/s'] : ['ok/s']).map(
      (rates) => `${rates}: per second of the point. served/s: first and last tenth left out.`,
    ),
  ];
  return [text, ...legend].join('\n');
}

function conclusion(report: SweepReport, columns: number): string[] {
  const lines = conclusionLines(report).flatMap((line) => hanging(line, columns));
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function errorLine(point: PointSummary): string[] {
  const text = errorClasses(point);
  return text === '' ? [] : [`${point.rate} rps: ${text}`];
}

function remarkLines(point: PointSummary, advise: boolean): string[] {
  return remarksOf(point, advise).map((remark) =>
    remark.startsWith('! ') ? `! ${point.rate} rps: ${remark.slice(2)}` : `${point.rate} rps: ${remark}`,
  );
}

function hostLines(points: readonly PointSummary[]): string[] {
  const hosts = hostTotals(points);
  const total = hosts.reduce((sum, [, count]) => sum + count, 0);
  const named = hosts.map(([host, count]) => [display(host), count] as const);
  const width = Math.max(0, ...named.map(([host]) => host.length));
  return named.map(
    ([host, count]) =>
      `${host.padEnd(width)}  ${String(count).padStart(String(total).length)}  ${shareText(count, total).padStart(7)}`,
  );
}

/** The point that was spread most unevenly; one host alone has nothing to be fair to. */
function fairnessLine(points: readonly PointSummary[]): string[] {
  const spread = points.filter(({ hosts, fairness }) => fairness !== undefined && Object.keys(hosts).length > 1);
  const [worst] = spread.sort((a, b) => (a.fairness?.jain ?? 1) - (b.fairness?.jain ?? 1));
  if (worst?.fairness === undefined) return [];
  const { jain, maxMin } = worst.fairness;
  const ratio = Number.isFinite(maxMin) ? maxMin.toFixed(1) : 'without bound';
  return [`least even at ${worst.rate} rps: Jain's index ${jain.toFixed(3)}, largest by smallest share ${ratio}`];
}

function endingLines({ status, problem, points, plan }: SweepReport): string[] {
  if (problem !== undefined) return [`Ended early: ${display(problem)}. What was measured until then is kept.`];
  if (status === 'complete') return [];
  const begun = points.filter((point) => point.status !== 'skipped').length;
  return [`Interrupted: ${begun} of ${pointCount(plan)} points were begun, and what they measured is kept.`];
}

/** How a run goes on that was interrupted; an elastic one cannot, its group is no longer as it was. */
function resumeLine({ status, abortedBy, plan, runFolder }: SweepReport): string[] {
  if (status === 'complete' || abortedBy !== undefined || profileOf(plan).noResume !== undefined) return [];
  const folder = /^[\w./-]+$/.test(runFolder) ? runFolder : `'${display(runFolder).replaceAll("'", "'\\''")}'`;
  return [`It goes on with: chainctl load --resume ${folder}`];
}

/** `results/local_chain_rps1.csv` and its siblings as one name. */
function fileGlob(points: readonly PointSummary[]): string {
  const [first] = points.filter(({ perRequestCsv }) => perRequestCsv !== '');
  return (first?.perRequestCsv ?? '').replace(/rps[\d.]+(_\d+)?\.csv$/, 'rps*.csv');
}
