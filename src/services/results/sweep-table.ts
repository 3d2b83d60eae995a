import type { PointSummary, SweepReport } from '../load/types.ts';
import { breakdownSections } from './breakdown.ts';
import { plainTable, section } from './plain-table.ts';
import { display, errorClasses, hostTotals, rateText, shareText, timeColumn } from './text.ts';
import { isSound, kneeLine, remarksOf, sloLines, verdictOf } from './verdict.ts';

/** From this many columns on, errors by class and the generator's own figures stand in the table. */
const WIDE = 120;

/** Left out in this order until the table fits: the other columns tell nearly the same. */
const DISPENSABLE = ['p90', 'sent/s', 'p95'];

/**
 * A finished sweep as text: one row per point with its verdict, the knee and the thresholds, where the time went, what
 * went wrong and who refused, which hosts answered, where the files are. At 80 columns nothing wraps but long
 * explanations. No colours: what matters is said in words.
 *
 * @param columns width of the place it is written to
 */
export function sweepText(report: SweepReport, columns: number): string {
  const { plan, points } = report;
  const simulated = plan.simulated ? ' (SIMULATED engine: these figures say nothing about a real model)' : '';
  const wide = columns >= WIDE;
  const sections = [
    `${plan.tag}: ${display(plan.targetUrl)}${simulated}`,
    points.length === 0 ? 'No point was measured.' : pointTable(points, columns, wide),
    ...conclusion(report),
    ...section('Errors', wide ? [] : points.flatMap(errorLine)),
    ...breakdownSections(points),
    ...section('Remarks', points.flatMap(remarkLines)),
    ...section('Answers by host', [...hostLines(points), ...fairnessLine(points)]),
    [
      ...endingLines(report),
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
  const cellsOf = (point: PointSummary): Record<string, string> => {
    const { response } = point;
    // Of a point that never ran, zeros would read as measurements.
    const ran = point.status !== 'skipped';
    return {
      rps: `${isSound(point) || !ran ? '' : '! '}${point.rate}`,
      'sent/s': ran ? rateText(point.sentRps) : '-',
      'ok/s': ran ? rateText(point.okRps) : '-',
      'served/s': ran ? rateText(point.servedRps) : '-',
      ok: ran ? String(point.outcomes.ok) : '-',
      errors: ran ? String(point.sent - point.outcomes.ok) : '-',
      p50: time.text(response?.p50),
      p90: time.text(response?.p90),
      p95: time.text(response?.p95),
      p99: time.text(response?.p99),
      verdict: verdictOf(point),
      ...(wide
        ? {
            'late p99 ms': point.lateness?.p99.toFixed(2) ?? '-',
            'in flight': String(point.peakInFlight),
            'errors by class': errorClasses(point) || '-',
          }
        : {}),
    };
  };
  const rows = points.map(cellsOf);
  let names = Object.keys(rows[0] ?? {});
  const tableOf = () =>
    plainTable(
      names,
      rows.map((row) => names.map((name) => row[name] ?? '')),
      ['verdict', 'errors by class'],
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
      (rates) => `${rates}: per second of the point. served/s: first answer to last.`,
    ),
  ];
  return [text, ...legend].join('\n');
}

function conclusion(report: SweepReport): string[] {
  const lines = [...kneeLine(report), ...sloLines(report)];
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function errorLine(point: PointSummary): string[] {
  const text = errorClasses(point);
  return text === '' ? [] : [`${point.rate} rps: ${text}`];
}

function remarkLines(point: PointSummary): string[] {
  return remarksOf(point).map((remark) =>
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
  return [`Interrupted: ${begun} of ${plan.rates.length} points were begun, and what they measured is kept.`];
}

/** `results/local_chain_rps1.csv` and its siblings as one name. */
function fileGlob(points: readonly PointSummary[]): string {
  const [first] = points.filter(({ perRequestCsv }) => perRequestCsv !== '');
  return (first?.perRequestCsv ?? '').replace(/rps[\d.]+\.csv$/, 'rps*.csv');
}
