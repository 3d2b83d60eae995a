import type { PointSummary, SweepReport } from '../load/types.ts';
import { againLine, needsAdvice } from './counting-points.ts';
import type { Section } from './section.ts';
import { display, hostTotals, shareText, timeColumn } from './text.ts';
import { remarksOf } from './verdict.ts';
import { type Part, partsOf, waterfallTotal } from './waterfall-parts.ts';

/**
 * What stands below the table of a run's points, for every format: where the time went, what streamed answers did, what
 * to know of each point, and who answered; each only where the run knows it.
 */
export function sweepSections(report: SweepReport): Section[] {
  const { points } = report;
  return [
    ...waterfallSections(points),
    ...streamSection(points),
    { title: 'Remarks', lines: remarkLines(report) },
    hostSection(points),
  ];
}

/** What a reader must know of each point; `! ` before what makes its figures unsound. */
export function remarkLines(report: SweepReport): string[] {
  const ofPoints = report.points.flatMap((point) =>
    remarksOf(point, needsAdvice(report, point)).map((remark) =>
      remark.startsWith('! ') ? `! ${point.rate} rps: ${remark.slice(2)}` : `${point.rate} rps: ${remark}`,
    ),
  );
  return [...againLine(report), ...ofPoints];
}

function waterfallSections(points: readonly PointSummary[]): Section[] {
  const known = points.flatMap(({ rate, waterfall }) => (waterfall === undefined ? [] : [{ rate, waterfall }]));
  const waterfalls = known.map(({ waterfall }) => waterfall);
  const parts = partsOf(waterfalls);
  // From a second on in seconds: a table of many columns has no room for more.
  const time = timeColumn(waterfalls.map(waterfallTotal), 1000);
  const models = parts.filter(({ work }) => waterfalls.some((waterfall) => work?.(waterfall) !== undefined));
  const work = ({ work: workOf, of }: Part, waterfall: (typeof waterfalls)[number]) => {
    const done = workOf?.(waterfall);
    return [done?.load, done?.prompt, done?.generation, done && of(waterfall)].map(time.text);
  };
  return [
    {
      title: `Where the mean response time went, ${time.unit}`,
      table: {
        head: ['\nrps', ...parts.map(({ head }) => head), '\nsum', '\nanswers'],
        fullHead: ['rps', ...parts.map(({ name }) => name), 'sum', 'answers'],
        rows: known.map(({ rate, waterfall }) => [
          String(rate),
          ...parts.map((part) => time.text(part.of(waterfall))),
          time.text(waterfallTotal(waterfall)),
          String(waterfall.count),
        ]),
        dispensable: ['answers'],
      },
    },
    {
      title: `What the models did in their time, ${time.unit}`,
      table: {
        head: ['rps', ...models.flatMap(({ name }) => [`${name[0]} load`, 'prompt', 'generation', 'model'])],
        rows:
          models.length === 0
            ? []
            : known.map((each) => [String(each.rate), ...models.flatMap((model) => work(model, each.waterfall))]),
      },
    },
  ];
}

function streamSection(points: readonly PointSummary[]): Section[] {
  const known = points.flatMap(({ rate, stream }) => (stream === undefined ? [] : [{ rate, stream }]));
  const time = timeColumn(known.map(({ stream }) => stream.ttft.p99));
  const rows = known.map(({ rate, stream: { ttft, itl, tpot, outputTokensPerSecond } }) => [
    String(rate),
    ...[ttft.p50, ttft.p99, itl?.p50, itl?.p99, tpot?.p50, tpot?.p99].map(time.text),
    outputTokensPerSecond.toFixed(1),
  ]);
  const head = ['rps', 'ttft p50', 'ttft p99', 'itl p50', 'itl p99', 'tpot p50', 'tpot p99', 'tokens/s'];
  return [{ title: `Streamed answers, ${time.unit}`, table: { head, rows } }];
}

/** Who answered; without rows where nobody told its name. */
export function hostSection(points: readonly PointSummary[]): Section {
  const hosts = hostTotals(points);
  const all = hosts.reduce((sum, [, count]) => sum + count, 0);
  const rows = hosts.map(([host, count]) => [display(host), String(count), shareText(count, all)]);
  const table = { head: ['host', 'answers', 'share'], rows, words: ['host'] };
  return { title: 'Answers by host', table, lines: fairnessLine(points) };
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
