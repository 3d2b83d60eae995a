import { formatSeconds } from '../../durations.ts';
import { defined } from '../defined.ts';
import { CLOSED_LOOP, unitOf } from '../load/offered.ts';
import { profileOf } from '../load/profiles/profiles.ts';
import { OTHER, topCounts } from '../load/stats/counts.ts';
import { isSustained } from '../load/stats/knee.ts';
import type { PointSummary, SweepPlan, SweepReport, Waterfall } from '../load/types.ts';
import { askedSections, turnSection } from './asked-section.ts';
import { bottleneckLines } from './bottleneck.ts';
import { boundsSection } from './certain.ts';
import { againLine, countingOf, needsAdvice } from './counting-points.ts';
import { kneeLine } from './knee-line.ts';
import type { Section } from './section.ts';
import { display, hostTotals, rateText, shareText, timeColumn, timeText } from './text.ts';
import { tokenSections } from './token-sections.ts';
import { totalsSection } from './totals-section.ts';
import { remarksOf, sloLines, unproven } from './verdict.ts';
import { type Part, partsOf, waterfallTotal } from './waterfall-parts.ts';

/** What a run comes to, in sentences: the knee and how to find one, where the time went, the thresholds. */
export function conclusionLines(report: SweepReport): string[] {
  const asked = [...sloLines(report), ...unproven(report)];
  return [...loopLine(report), ...kneeLine(report), ...lowerLine(report), ...bottleneckLines(report.points), ...asked];
}

/** Stands before all figures of a closed loop. */
function loopLine({ plan }: SweepReport): string[] {
  return plan.loop === 'closed' ? [`${CLOSED_LOOP.replace('c', 'C')}.`] : [];
}

/** That a run ended early, or has no end, and why; nothing where it is complete. */
export function endingLines(report: SweepReport): string[] {
  const { problem, abortedBy, status } = report;
  if (problem !== undefined) return [`Ended early: ${problem}`];
  if (abortedBy !== undefined) return [`Ended by --abort-on ${abortedBy}`];
  if (status === 'complete') return [];
  return [status === 'interrupted' ? 'Interrupted: not the whole ladder was measured.' : `${unfinishedText(report)}.`];
}

/** What became of a run whose record has no end, as a sentence without its own. */
export function unfinishedText({ status, writer = 'another process' }: SweepReport): string {
  if (status === 'running') return `Not finished: ${writer} is still at work on it, and these are the figures so far`;
  if (status === 'killed') return 'Killed: the process ended without finishing the run';
  return `Not finished: ${writer} was writing it, and whether it still does cannot be seen from here`;
}

/** The lowest rate was more than the target serves already: what may be less. */
function lowerLine(report: SweepReport): string[] {
  const { knee, plan, limit } = report;
  const [lowest] = countingOf(report).toSorted((a, b) => a.rate - b.rate);
  // A search under objectives says so itself.
  if (knee !== undefined || limit !== undefined || !profileOf(plan).hasKnee || lowest === undefined) return [];
  if (isSustained(lowest) !== false || !isTooMuch(lowest)) return [];
  const { rate, servedRps } = lowest;
  const alone = aloneLine(plan, lowest);
  if (alone !== undefined) return [alone];
  const low = Number((servedRps > 0 ? Math.min(servedRps, rate) / 2 : rate / 10).toPrecision(1));
  return [`The lowest rate was too high already: --rps ${low},${rate} --find-knee searches below it.`];
}

/** That one request alone does not end in its time either: no rate is low enough. */
function aloneLine(plan: SweepPlan, { outcomes: { ok, timeout, incomplete }, peakInFlight }: PointSummary) {
  const { probeFailure, probeMs = 0, timeoutSeconds, drainSeconds, durationSeconds } = plan;
  if (incomplete > timeout && probeMs > 1000 * Math.max(drainSeconds, durationSeconds)) {
    return `One request alone takes ${timeText(probeMs)}, and the drain lasts ${drainSeconds} s: a longer --drain, not a lower rate, shows more.`;
  }
  if (ok > 0 || timeout === 0) return undefined;
  const longer = `a lower rate does not mend that, a --timeout longer than ${formatSeconds(timeoutSeconds)} may.`;
  if (probeFailure !== undefined) return `One request alone failed already (${display(probeFailure)}): ${longer}`;
  return peakInFlight <= 1
    ? `Each request had the target for itself, and none was answered in time: ${longer}`
    : undefined;
}

/** Slower ones would have helped: a target that refuses everything is not overloaded. */
function isTooMuch({ state, sent, outcomes }: PointSummary): boolean {
  return state?.state === 'overloaded' || outcomes.timeout + outcomes.incomplete > sent / 2;
}

/**
 * What stands below the table of a run's points, for every format: where the time went, what streamed answers did, what
 * to know of each point, and who answered; each only where the run knows it.
 */
export function sweepSections(report: SweepReport): Section[] {
  const { points } = report;
  return [
    totalsSection(points),
    ...waterfallSections(points),
    ...tokenSections(points, unitOf(points[0] ?? {})),
    ...askedSections(points),
    turnSection(points),
    goodSection(report),
    boundsSection(points),
    { title: 'Remarks', lines: remarkLines(report) },
    hostSection(points),
  ];
}

/** What a reader must know of each point; `! ` before what makes its figures unsound. */
export function remarkLines(report: SweepReport): string[] {
  const ofPoints = report.points.flatMap((point) =>
    remarksOf(point, needsAdvice(report, point)).map((remark) =>
      remark.startsWith('! ')
        ? `! ${point.rate} ${unitOf(point)}: ${remark.slice(2)}`
        : `${point.rate} ${unitOf(point)}: ${remark}`,
    ),
  );
  return [...againLine(report), ...ofPoints, ...modelLines(report)];
}

/** Models that are shown; a target may name another one in each answer. */
const MAX_MODELS = 5;

/** That answers came of another model than was asked for, or of several: then the figures are of no single one. */
function modelLines({ plan: { model: asked }, points }: SweepReport): string[] {
  return points.flatMap((point) => {
    const { rate, models = {} } = point;
    const named = Object.entries(models);
    const others = named.filter(([name]) => !isSameModel(asked ?? named[0]?.[0] ?? '', name));
    if (others.length === 0) return [];
    const shown = topCounts(named, MAX_MODELS).map(([name, count]) => `${display(name)} x ${count}`);
    const wanted = asked === undefined ? '' : `, and ${display(asked)} was asked for`;
    return [
      `${rate} ${unitOf(point)}: answers name ${named.length === 1 ? 'the model' : 'several models:'} ${shown.join(', ')}${wanted}`,
    ];
  });
}

/** A name without a tag means Ollama's latest, and one without a date a provider's newest. */
function isSameModel(asked: string, named: string): boolean {
  return named === asked || named === `${asked}:latest` || named.startsWith(`${asked}-20`);
}

function waterfallSections(points: readonly PointSummary[]): Section[] {
  const unit = unitOf(points[0] ?? {});
  const known = points.flatMap(({ rate, waterfall }) => (waterfall === undefined ? [] : [{ rate, waterfall }]));
  const waterfalls = known.map(({ waterfall }) => waterfall);
  const parts = partsOf(waterfalls);
  // From a second on in seconds: a table of many columns has no room for more.
  const time = timeColumn(waterfalls.map(waterfallTotal), 1000);
  const models = parts.filter(({ work }) => waterfalls.some((waterfall) => work?.(waterfall) !== undefined));
  const workCells = ({ work, of }: Part, waterfall: Waterfall) => {
    const done = work?.(waterfall);
    return [done?.load, done?.prompt, done?.generation, done && of(waterfall)].map(time.text);
  };
  return [
    {
      title: `Where the mean response time went, ${time.unit}`,
      table: {
        head: [`\n${unit}`, ...parts.map(({ head }) => head), '\nsum', '\nanswers'],
        fullHead: [unit, ...parts.map(({ name }) => name), 'sum', 'answers'],
        rows: known.map(({ rate, waterfall }) => [
          String(rate),
          ...[...parts.map((part) => part.of(waterfall)), waterfallTotal(waterfall)].map(time.text),
          String(waterfall.count),
        ]),
        dispensable: ['answers'],
      },
    },
    {
      title: `What the models did in their time, ${time.unit}`,
      table: {
        head: [unit, ...models.flatMap(({ name }) => [`${name[0]} load`, 'prompt', 'generation', 'model'])],
        rows: (models.length === 0 ? [] : known).map(({ rate, waterfall }) => [
          String(rate),
          ...models.flatMap((model) => workCells(model, waterfall)),
        ]),
      },
    },
  ];
}

/** Requests that met every limit of `--goodput`, and which limit how many did not meet. */
export function goodSection({ points, plan: { goodput = [] } }: Pick<SweepReport, 'points' | 'plan'>): Section {
  const known = points.flatMap(({ rate, good, scheduled }) => (good === undefined ? [] : [{ rate, good, scheduled }]));
  const rows = known.map(({ rate, good, scheduled }) => [
    ...[String(rate), String(good.count), shareText(good.count, scheduled), rateText(good.rps)],
    ...goodput.map((limit) => String(good.missed[limit] ?? '-')),
  ]);
  const head = [unitOf(points[0] ?? {}), 'good', 'share', 'good/s', ...goodput.map((limit) => `not ${limit}`)];
  const title = `Good requests (${goodput.map(display).join(' and ')}), of all that were scheduled`;
  return { title, table: { head, rows, dispensable: head.slice(4).toReversed() } };
}

/** Hosts that a table names; where names have no end, none of them tells much. */
const MOST_HOSTS = 30;
const FEW_HOSTS = 5;

/** Who answered; without rows where nobody told its name. */
export function hostSection(points: readonly PointSummary[]): Section {
  const hosts = hostTotals(points);
  const all = hosts.reduce((sum, [, count]) => sum + count, 0);
  const isEndless = hosts.some(([host]) => host === OTHER);
  const rows = topCounts(hosts, isEndless ? FEW_HOSTS : MOST_HOSTS).map(([host, count]) => [
    hostText(host),
    String(count),
    shareText(count, all),
  ]);
  const table = { head: ['host', 'answers', 'share'], rows, words: ['host'] };
  return { title: 'Answers by host', table, lines: fairnessLine(points) };
}

/** Longer names would leave no room for their figures. */
const LONGEST_HOST = 48;

/** Names of one group begin alike and differ at their ends: a long one is cut in its middle. */
function hostText(host: string): string {
  const name = display(host);
  if (name.length <= LONGEST_HOST) return name;
  const half = Math.floor((LONGEST_HOST - 1) / 2);
  return `${name.slice(0, half + 1)}…${name.slice(-half)}`;
}

/** Points whose answers could be spread: one host alone has nothing to be fair to. */
export function evenness(points: readonly PointSummary[]) {
  return points.flatMap(({ rate, loop, hosts, fairness }) =>
    fairness === undefined || Object.keys(hosts).length < 2 ? [] : [defined({ rate, loop, ...fairness })],
  );
}

/** The point that was spread most unevenly. */
function fairnessLine(points: readonly PointSummary[]): string[] {
  const [worst] = evenness(points).sort((a, b) => a.jain - b.jain);
  if (worst === undefined) return [];
  const { rate, jain, maxMin } = worst;
  const ratio = Number.isFinite(maxMin) ? maxMin.toFixed(1) : 'without bound';
  return [
    `least even at ${rate} ${unitOf(worst)}: Jain's index ${jain.toFixed(3)}, largest by smallest share ${ratio}`,
  ];
}
