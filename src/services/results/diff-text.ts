import { unitOf } from '../load/offered.ts';
import type { SweepReport } from '../load/types.ts';
import { plural } from '../words.ts';
import type { RunDiff, RunName } from './diff.ts';
import { isRateMeasure, type MeasureDiff } from './diff-measures.ts';
import { nameOf, workloadReason } from './diff-workload.ts';
import { hanging, sectionText, tableText } from './plain-table.ts';
import type { Section } from './section.ts';
import { display, perSecond, rateText, timeText } from './text.ts';

/** A comparison as text: a verdict per rate, every measure that differs, and why the rest cannot be compared. */
export function diffText(diff: RunDiff, columns = Number.POSITIVE_INFINITY): string {
  const { points, a, b, again, onlyA, onlyB, reason: whole } = diff;
  const unit = unitOf(a);
  const reasons = new Set(whole === undefined ? points.map(({ reason }) => reason) : [whole]);
  const isAll = reasons.size === 1 && (points.length > 1 || whole !== undefined);
  const ratesOf = (rates: readonly number[], text: (list: string) => string, of = a) =>
    rates.length === 0 ? [] : [text(`${rates.join(', ')} ${unitOf(of)}`)];
  const sections: readonly Section[] = [
    {
      title: 'Differences shown',
      lines: points.flatMap(({ rate, measures }) =>
        measures
          .filter(({ verdict }) => verdict !== 'no difference shown')
          .map((each) => `${rate} ${unit}: ${measureText(each)}`),
      ),
    },
    {
      title: 'Not comparable',
      lines: isAll
        ? [...reasons].flatMap((reason) =>
            reason === undefined
              ? []
              : `${points.length === 1 ? `${points[0]?.rate} ${unit}` : 'all rates'}: ${display(reason)}`,
          )
        : points.flatMap(({ rate, reason }) => (reason === undefined ? [] : `${rate} ${unit}: ${display(reason)}`)),
    },
    { title: 'Workload', lines: workloadLines(diff) },
    {
      title: 'Offered more than once',
      lines: ratesOf(again, (list) => `${list}: the last point of each run is compared`),
    },
    {
      title: 'In one run only',
      lines: [...ratesOf(onlyA, (list) => `A: ${list}`), ...ratesOf(onlyB, (list) => `B: ${list}`, b)],
    },
  ];
  const tables = [
    ...(points.every(({ verdict }) => verdict === 'not comparable') ? [] : [verdictTable(diff)]),
    ...sectionText(tokenSection(diff), columns),
  ];
  const blocks = [
    [`A ${nameText(a)}`, `B ${nameText(b)}`].flatMap((line) => hanging(line, columns)).join('\n'),
    ...(points.length === 0
      ? [
          `The runs have no ${a.loop === 'closed' && b.loop === 'closed' ? 'number of open requests' : 'rate'} in common.`,
        ]
      : []),
    ...tables,
    ...(tables.some((table) => table.includes(MARK)) ? [LEGEND] : []),
    ...sections.flatMap((section) => sectionText(section, columns)),
    conclusion(diff)
      .flatMap((line) => hanging(line, columns))
      .join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

const PARTLY: Readonly<Record<SweepReport['status'], string>> = {
  complete: '',
  interrupted: ' (interrupted)',
  killed: ' (killed before its end)',
  running: ' (still running)',
  unfinished: ' (not finished)',
};

function nameText({ runId, targetUrl, loop, simulated, sharedPrefixTokens: shared, status }: RunName): string {
  const prompts = shared === undefined ? '' : ` (prompts share about ${shared} tokens)`;
  const partly = PARTLY[status ?? 'complete'];
  const closed = loop === 'closed' ? ' (closed loop)' : '';
  return `${display(runId)}: ${display(targetUrl)}${closed}${simulated ? ' (SIMULATED)' : ''}${prompts}${partly}`;
}

/** Before a figure that has no interval, and is not compared. */
const MARK = '~';
const LEGEND = `${MARK}: not compared: too few answers for an interval, or the rate of a closed loop.`;

function cellsOf(measures: readonly MeasureDiff[], name: string, text: (value: number) => string): string[] {
  const found = measures.find(({ measure }) => measure === name);
  if (found === undefined) return ['-', '-'];
  return [found.a, found.b].map((value) => `${found.ci === undefined ? MARK : ''}${text(value)}`);
}

function verdictTable({ a, points }: RunDiff): string {
  const head = [unitOf(a), 'ok/s A', 'ok/s B', 'p50 A', 'p50 B', 'p99 A', 'p99 B', 'B is'];
  const rows = points.map(({ rate, verdict, measures }) => {
    const of = (name: string, text: (value: number) => string) => cellsOf(measures, name, text);
    return [String(rate), ...of('goodput', rateText), ...of('p50', timeText), ...of('p99', timeText), verdict];
  });
  return tableText({ head, rows, words: ['B is'] });
}

/** The same of streamed answers; without rows where none were. */
function tokenSection({ points, a }: RunDiff): Section {
  const columns = [
    ['ttft p50', timeText],
    ['ttft p99', timeText],
    ['tpot p50', timeText],
    ['tokens/s', rateText],
  ] as const;
  const rows = points.flatMap(({ rate, measures }) => {
    const cells = columns.flatMap(([name, text]) => cellsOf(measures, name, text));
    return cells.every((cell) => cell === '-') ? [] : [[String(rate), ...cells]];
  });
  const head = [unitOf(a), ...columns.flatMap(([name]) => [`${name}\nA`, '\nB'])];
  return { title: 'Tokens', table: { head, rows } };
}

/** What was asked that is not the same and is compared all the same, and what nobody knows. */
function workloadLines({ points, workload }: RunDiff): string[] {
  const reason = workloadReason(workload);
  const isCompared = points.some((point) => point.verdict !== 'not comparable');
  const { unknown } = workload;
  return [
    ...(reason === undefined || !isCompared ? [] : [`compared all the same: ${display(reason)}`]),
    ...(unknown.length === 0 ? [] : [`not told by an earlier version: ${display(unknown.map(nameOf).join(', '))}`]),
  ];
}

/** `p95 worse by 1.20 s, +24.1 % (0.95 s to 1.46 s)`. */
function measureText({ measure, a, difference, ci, verdict }: MeasureDiff): string {
  const text = (value: number) => (isRateMeasure(measure) ? perSecond : timeText)(Math.abs(value));
  const share = a === 0 ? '' : `, ${difference > 0 ? '+' : ''}${((100 * difference) / a).toFixed(1)} %`;
  // The interval leaves out zero, or it would not be shown: both ends have the sign of the difference.
  const ends = [...(ci ?? [])].sort((one, other) => Math.abs(one) - Math.abs(other));
  const bounds = ends.length === 0 ? '' : ` (95 %: ${ends.map(text).join(' to ')})`;
  return `${measure} ${verdict} by ${text(difference)}${share}${bounds}`;
}

function conclusion({ points, tolerance }: RunDiff): string[] {
  const count = (verdict: string) => points.filter((point) => point.verdict === verdict).length;
  const intervals = points.flatMap(({ measures }) => measures.filter(({ ci }) => ci !== undefined)).length;
  const chance = `of ${plural(intervals, 'interval')}, ${Number((intervals / 20).toFixed(2))}`;
  return [
    `${count('better')} better, ${count('worse')} worse, ${count('no difference shown')} without a difference shown, ${count('not comparable')} not comparable.`,
    `Shown: the 95 % interval leaves out zero, and the difference is above ${Number((100 * tolerance).toFixed(3))} % of A.`,
    ...(intervals === 0 ? [] : [`By chance alone 5 % leave it out where nothing differs: ${chance}.`]),
  ];
}
