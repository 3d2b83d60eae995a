import { unitOf } from '../load/offered.ts';
import { OTHER } from '../load/stats/counts.ts';
import { isFailed } from '../load/stats/validity.ts';
import type { PointSummary } from '../load/types.ts';
import { plural } from '../words.ts';
import { countingPoints } from './counting-points.ts';
import { isWorked, queueRemedy, type Worked } from './queue-remedy.ts';
import { timeText } from './text.ts';
import { isSound } from './verdict.ts';
import { type Part, partsOf, waterfallTotal, workText } from './waterfall-parts.ts';

/** A mean response time has risen when it is so many times as long. */
const RISEN = 1.25;

/** From this share of a rise on, what is not the most of it is told beside it. */
const ALSO = 0.25;

const SHORTER_WORK = 'A faster machine, a smaller model or shorter answers shorten it.';

interface Known extends Worked {
  readonly rate: number;
  /** What the rate counts, see {@link unitOf}. */
  readonly unit: string;
  /** Milliseconds: the mean response time. */
  readonly total: number;
  /** The point tells whether the target kept up. */
  readonly isDecided: boolean;
  readonly isSteady: boolean;
}

/** Milliseconds that a part took. */
type Time = (part: Part) => number;

/**
 * Where the time went as the load rose, in sentences: waiting for a place ("the queue is full"), or the model at work
 * even where hardly anything waits ("the model is slow"). The lowest rate is compared with the one that took longest.
 * Only points that are decided are judged; of the others it is said what was seen, where that is more.
 *
 * @param points of a run; only sound ones count
 * @returns nothing where the answers do not tell waiting from work
 */
export function bottleneckLines(points: readonly PointSummary[]): string[] {
  const sound = countingPoints(points)
    .filter(isSound)
    .sort((a, b) => a.rate - b.rate);
  const known = sound.flatMap(knownOf);
  const parts = partsOf(known.map(({ waterfall }) => waterfall));
  const decided = known.filter(({ isDecided }) => isDecided);
  const undecided = known.filter(({ isDecided }) => !isDecided);
  const lost = (above: number) => unanswered(sound.find((point) => point.rate > above && isFailed(point)));
  // What is overloaded has risen from something: from what few answers took below, where nothing better is known.
  const [first, seen] = [decided[0], undecided[0]];
  const before = first?.isSteady === false ? undecided.find(({ rate }) => rate < first.rate) : undefined;
  const [low, ...others] = before === undefined ? decided : [before, ...decided];
  if (low === undefined) {
    if (seen === undefined) return [];
    return [`No point shows whether a queue grows: ${undecidedText(parts, seen)}.`, ...lost(seen.rate)];
  }
  const high = longest([low, ...others]) ?? low;
  const more = longest(undecided.filter(({ rate, total }) => rate > low.rate && total > RISEN * high.total));
  const unjudged = [...(more === undefined ? [] : [`But ${undecidedText(parts, more)}.`]), ...lost(low.rate)];
  const atLow = timeAt(low);
  const waits = parts.filter(({ kind, isRest }) => kind === 'queue' && (!isRest || isWorked(low)));
  const waiting = sum(waits, atLow);
  if (waiting > low.total / 2) {
    return [
      `The queue is full: already at ${low.rate}${doubtOf(low)} ${low.unit}, requests wait ${timeText(waiting)} of ${timeText(low.total)} ` +
        `(${listed(parts, 'queue', atLow)}). ${shorterQueue(parts, atLow, low)}`,
      ...unjudged,
    ];
  }
  if (high.total > RISEN * low.total) return [risen(parts, low, high), atRest(parts, low), ...unjudged];
  return unjudged.length > 0 ? [atRest(parts, low), ...unjudged] : [level(parts, low, others.at(-1))];
}

/** A point whose engine told its queue apart from its work, or whose service its own. */
function knownOf({ rate, loop, waterfall, state, servedRps, hosts }: PointSummary): Known[] {
  if (waterfall?.bQueue === undefined && waterfall?.bEngineQueue === undefined) return [];
  const isSteady = state === undefined || state.state === 'steady';
  const isDecided = isSteady || state.state === 'overloaded';
  const total = waterfallTotal(waterfall);
  return [
    {
      ...{ rate, unit: unitOf({ loop }), waterfall, servedRps, total, isSteady, isDecided },
      hosts: OTHER in hosts ? 0 : Object.keys(hosts).length,
    },
  ];
}

function longest(known: readonly Known[]): Known | undefined {
  return known.toSorted((a, b) => b.total - a.total)[0];
}

function timeAt({ waterfall }: Known): Time {
  return (part) => part.of(waterfall) ?? 0;
}

/** What a point says that does not tell whether a queue grows. */
function undecidedText(parts: readonly Part[], known: Known): string {
  const { rate, unit, waterfall, total } = known;
  const answers = plural(waterfall.count, 'answer');
  return `at ${rate} ${unit}, which is undecided, ${answers} took ${timeText(total)} on average: ${mostOf(parts, known)}`;
}

function unanswered(point: PointSummary | undefined): string[] {
  if (point === undefined) return [];
  const { rate, sent } = point;
  const none = sent === 1 ? 'the only request did not succeed' : `not one of ${sent} requests succeeded`;
  return [`At ${rate} ${unitOf(point)} ${none}: where the time went is not known.`];
}

/** What helps where requests wait longest. */
function shorterQueue(parts: readonly Part[], ms: Time, worked: Worked): string {
  const [most] = ofKind(parts, 'queue', ms);
  return queueRemedy(most?.name.startsWith('A') ? 'A' : 'B', worked);
}

/** The mean response time rose: of what. */
function risen(parts: readonly Part[], low: Known, high: Known): string {
  const [atLow, atHigh] = [timeAt(low), timeAt(high)];
  const grown: Time = (part) => atHigh(part) - atLow(part);
  const kinds = ['queue', 'model', 'network', 'minimum', 'client'] as const;
  const growth = (kind: Part['kind']) => sum(ofKind(parts, kind, grown), grown);
  const most = kinds.reduce((best, kind) => (growth(kind) > growth(best) ? kind : best));
  const rise =
    `from ${low.rate}${doubtOf(low)} to ${high.rate} ${high.unit} the mean response time rose from ${timeText(low.total)} to ` +
    `${timeText(high.total)}, and ${timeText(growth(most))} of the rise is`;
  const what = listed(parts, most, grown);
  const also = (kind: 'queue' | 'model', did: string) =>
    growth(kind) > ALSO * (high.total - low.total)
      ? `; ${did} by ${timeText(growth(kind))} (${listed(parts, kind, grown)})`
      : '';
  switch (most) {
    case 'queue':
      return `The queue is full: ${rise} waiting (${what})${also('model', 'the models work longer')}. ${shorterQueue(parts, grown, high)}`;
    case 'model':
      return `The model is slow, and slower under load: ${rise} its work (${what})${also('queue', 'requests wait longer')}. ${SHORTER_WORK}`;
    default:
      return `Neither a queue nor the model: ${rise} ${what}.`;
  }
}

/** Of a rate that is no more than the best that is known. */
function doubtOf({ isDecided, waterfall }: Known): string {
  return isDecided ? '' : ` (undecided, ${plural(waterfall.count, 'answer')})`;
}

/** What is left where hardly anything waits. */
function atRest(parts: readonly Part[], low: Known): string {
  return `At ${low.rate} ${low.unit}${doubtOf(low)}, with the least load, ${mostOf(parts, low)}.`;
}

/** The mean response time is much the same at every rate. */
function level(parts: readonly Part[], low: Known, highest: Known | undefined): string {
  // A target that does not keep up has a queue, wherever it is.
  if (!low.isSteady) return atRest(parts, low);
  const isSlow = sum(ofKind(parts, 'model', timeAt(low)), timeAt(low)) > low.total / 2;
  const until = highest === undefined ? '' : `, and up to ${highest.rate} ${highest.unit} nothing waits much longer`;
  const start = isSlow ? 'The model is slow' : 'No queue has grown';
  return `${start}: at ${low.rate} ${low.unit} ${mostOf(parts, low)}${until}.${isSlow ? ` ${SHORTER_WORK}` : ''}`;
}

/** `the models work 8.10 s of 9.80 s (B's model 5.20 s: prompt 1.20 s, generation 3.90 s; A's model 2.90 s: ...)`. */
function mostOf(parts: readonly Part[], known: Known): string {
  const [ms, total] = [timeAt(known), timeText(known.total)];
  const models = parts.filter(({ kind }) => kind === 'model');
  if (sum(models, ms) > known.total / 2) {
    const each = models.map((part) => {
      const work = part.work?.(known.waterfall);
      return `${part.name} ${timeText(ms(part))}${work === undefined ? '' : `: ${workText(work)}`}`;
    });
    return `the models work ${timeText(sum(models, ms))} of ${total} (${each.join('; ')})`;
  }
  const largest = parts.reduce((most, part) => (ms(part) > ms(most) ? part : most));
  return `most of ${total} is ${largest.name}: ${timeText(ms(largest))}`;
}

/** The parts of a kind, the longest first. */
function ofKind(parts: readonly Part[], kind: Part['kind'], ms: Time): Part[] {
  return parts.filter((part) => part.kind === kind).sort((a, b) => ms(b) - ms(a));
}

/** The parts of a kind by their times; what is less than a twentieth of the longest is left out. */
function listed(parts: readonly Part[], kind: Part['kind'], ms: Time): string {
  const own = ofKind(parts, kind, ms);
  const [most] = own;
  const large = own.filter((part) => part === most || (most !== undefined && ms(part) > ms(most) / 20));
  return large.map((part) => `${part.name} ${timeText(ms(part))}`).join(', ');
}

function sum(parts: readonly Part[], ms: Time): number {
  return parts.reduce((all, part) => all + ms(part), 0);
}
