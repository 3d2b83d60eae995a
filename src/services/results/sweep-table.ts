import Table from 'cli-table3';
import type { PointSummary, SweepReport } from '../load/types.ts';

/** From this many columns on, errors by class and the generator's own figures stand in the table. */
const WIDE = 110;

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/**
 * A finished sweep as text: one row per point, what went wrong by class, which hosts answered, where the files are.
 * At 80 columns nothing wraps but long explanations. No colours: what matters is said in words.
 *
 * @param columns width of the place it is written to
 */
export function sweepText(report: SweepReport, columns: number): string {
  const { plan, points } = report;
  const simulated = plan.simulated ? ' (SIMULATED engine: these figures say nothing about a real model)' : '';
  const sections = [
    `${plan.tag}: ${plan.targetUrl}${simulated}`,
    points.length === 0 ? 'No point was measured.' : pointTable(points, columns >= WIDE),
    ...section('Errors', columns >= WIDE ? [] : points.flatMap(errorLine)),
    ...section('Remarks', points.flatMap(remarkLines)),
    ...section('Answers by host', hostLines(points)),
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

function pointTable(points: readonly PointSummary[], wide: boolean): string {
  const slowest = Math.max(0, ...points.map(({ response }) => response?.p99 ?? 0));
  // One unit per table, so that the eye can compare.
  const [unit, divisor, digits] = slowest >= 10_000 ? (['s', 1000, 2] as const) : (['ms', 1, 1] as const);
  const latency = (ms: number | undefined) => (ms === undefined ? '-' : (ms / divisor).toFixed(digits));
  const head = ['rps', 'sent/s', 'ok/s', 'served/s', 'ok', 'errors', 'p50', 'p90', 'p95', 'p99'];
  const wideHead = ['late p99 ms', 'in flight', 'errors by class'];
  const table = new Table({
    head: [...head, ...(wide ? wideHead : [])],
    chars: NO_BORDERS,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    colAligns: [...head.map(() => 'right' as const), ...(wide ? (['right', 'right', 'left'] as const) : [])],
  });
  for (const point of points) {
    const { response } = point;
    const cells = [
      `${marked(point) ? '! ' : ''}${point.rate}`,
      rate(point.sentRps),
      rate(point.okRps),
      rate(point.servedRps),
      String(point.outcomes.ok),
      String(point.sent - point.outcomes.ok),
      latency(response?.p50),
      latency(response?.p90),
      latency(response?.p95),
      latency(response?.p99),
    ];
    const errors = classes(point) || '-';
    const more = [point.lateness?.p99.toFixed(2) ?? '-', String(point.peakInFlight), errors];
    table.push([...cells, ...(wide ? more : [])]);
  }
  const legend = [
    `p50 to p99: response time in ${unit === 's' ? 'seconds' : 'milliseconds'}, from the intended time of each request.`,
    'sent/s, ok/s: per second of the point. served/s: until the last answer.',
  ];
  const text = table.toString().replaceAll(/ +$/gm, '');
  return [text, ...legend].join('\n');
}

function errorLine(point: PointSummary): string[] {
  const text = classes(point);
  return text === '' ? [] : [`${point.rate} rps: ${text}`];
}

function remarkLines(point: PointSummary): string[] {
  const { rate: rps, status, validity, durationSeconds } = point;
  return [
    ...(status === 'interrupted' ? [`! ${rps} rps: interrupted after ${durationSeconds.toFixed(1)} s`] : []),
    ...(validity === 'valid' ? [] : [`! ${rps} rps: ${display(validity)}`]),
  ];
}

function hostLines(points: readonly PointSummary[]): string[] {
  const hosts = new Map<string, number>();
  for (const point of points) {
    for (const [host, count] of Object.entries(point.hosts)) hosts.set(host, (hosts.get(host) ?? 0) + count);
  }
  const total = [...hosts.values()].reduce((sum, count) => sum + count, 0);
  const named = [...hosts]
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .map(([host, count]) => [display(host), count] as const);
  const width = Math.max(0, ...named.map(([host]) => host.length));
  return named.map(
    ([host, count]) =>
      `${host.padEnd(width)}  ${String(count).padStart(String(total).length)}  ${((100 * count) / total).toFixed(1).padStart(5)} %`,
  );
}

function endingLines({ status, problem, points, plan }: SweepReport): string[] {
  if (problem !== undefined) return [`Ended early: ${display(problem)}. What was measured until then is kept.`];
  if (status === 'complete') return [];
  return [`Interrupted: ${points.length} of ${plan.rates.length} points were begun, and what they measured is kept.`];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n')];
}

function classes(point: PointSummary): string {
  return Object.entries(point.errorsByClass)
    .map(([name, count]) => `${display(name)} x ${count}`)
    .join(', ');
}

function marked(point: PointSummary): boolean {
  return point.validity !== 'valid' || point.status === 'interrupted';
}

function rate(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
}

/** `results/local_chain_rps1.csv` and its siblings as one name. */
function fileGlob(points: readonly PointSummary[]): string {
  return (points[0]?.perRequestCsv ?? '').replace(/rps[\d.]+\.csv$/, 'rps*.csv');
}

/** Text that came over the network must not move the cursor or colour the rest. */
function display(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');
}
