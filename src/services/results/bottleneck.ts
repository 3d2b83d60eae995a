import type { PointSummary, Waterfall } from '../load/types.ts';
import { plural } from '../words.ts';
import { countingPoints } from './counting-points.ts';
import { isWorked, queueRemedy, type Worked } from './queue-remedy.ts';
import { timeText } from './text.ts';
import { isSound } from './verdict.ts';
import { type Part, partsOf, waterfallTotal } from './waterfall-parts.ts';

/** A mean response time has risen when it is so many times as long. */
const RISEN = 1.25;

interface Known extends Worked {
  readonly rate: number;
  readonly total: number;
  /** The point tells whether the target kept up. */
  readonly isDecided: boolean;
  readonly isSteady: boolean;
}

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
  const lost = (above: number) =>
    sound
      .filter((point) => point.rate > above && isUnanswered(point))
      .slice(0, 1)
      .map(unanswered);
  // What is overloaded has risen from something: from what few answers took below, where nothing better is known.
  const [first] = decided;
  const before = first?.isSteady === false ? undecided.find(({ rate }) => rate < first.rate) : undefined;
  const [low, ...others] = before === undefined ? decided : [before, ...decided];
  if (low === undefined) {
    const [seenFirst] = undecided;
    return seenFirst === undefined ? [] : [onlySeen(parts, seenFirst), ...lost(seenFirst.rate)];
  }
  const high = others.reduce((longest, each) => (each.total > longest.total ? each : longest), low);
  const unjudged = [
    ...longestOf(undecided.filter(({ rate, total }) => rate > low.rate && total > RISEN * high.total)).map(
      (each) => `But ${seen(parts, each)}.`,
    ),
    ...lost(low.rate),
  ];
  const atLow = (part: Part) => part.of(low.waterfall) ?? 0;
  const waits = parts.filter((part) => part.kind === 'queue' && (!part.isRest || isWorked(low)));
  const waiting = sum(waits.map(atLow));
  if (waiting > low.total / 2) {
    return [
      `The queue is full: already at ${low.rate}${doubtOf(low)} rps, requests wait ${timeText(waiting)} of ${timeText(low.total)} ` +
        `(${listed(parts, 'queue', atLow)}). ${shorterQueue(parts, atLow, low)}`,
      ...unjudged,
    ];
  }
  if (high.total > RISEN * low.total) return [risen(parts, low, high), atRest(parts, low), ...unjudged];
  return unjudged.length > 0 ? [atRest(parts, low), ...unjudged] : [level(parts, low, others.at(-1))];
}

function knownOf(point: PointSummary): Known[] {
  const { rate, waterfall, state, servedRps, hosts } = point;
  if (waterfall === undefined || !tellsWaiting(waterfall)) return [];
  const isSteady = state === undefined || state.state === 'steady';
  return [
    {
      ...{ rate, waterfall, servedRps, hosts: Object.keys(hosts).length, total: waterfallTotal(waterfall) },
      ...{ isSteady, isDecided: isSteady || state.state === 'overloaded' },
    },
  ];
}

function longestOf(known: readonly Known[]): Known[] {
  const [first, ...others] = known;
  return first === undefined ? [] : [others.reduce((most, each) => (each.total > most.total ? each : most), first)];
}

/** What a point says that does not tell whether a queue grows. */
function seen(parts: readonly Part[], known: Known): string {
  const { rate, waterfall, total } = known;
  const answers = plural(waterfall.count, 'answer');
  return `at ${rate} rps, which is undecided, ${answers} took ${timeText(total)} on average: ${mostOf(parts, known)}`;
}

function onlySeen(parts: readonly Part[], first: Known): string {
  return `No point shows whether a queue grows: ${seen(parts, first)}.`;
}

function isUnanswered({ sent, outcomes }: PointSummary): boolean {
  return sent > 0 && outcomes.ok === 0;
}

function unanswered({ rate, sent }: PointSummary): string {
  const none = sent === 1 ? 'the only request did not succeed' : `not one of ${sent} requests succeeded`;
  return `At ${rate} rps ${none}: where the time went is not known.`;
}

/** Which engine told its queue apart from its work, or which service its own. */
function tellsWaiting({ bQueue, bEngineQueue }: Waterfall): boolean {
  return bQueue !== undefined || bEngineQueue !== undefined;
}

const SHORTER_WORK = 'A faster machine, a smaller model or shorter answers shorten it.';

/** What helps where requests wait longest. */
function shorterQueue(parts: readonly Part[], ms: (part: Part) => number, worked: Worked): string {
  const waits = parts.filter(({ kind }) => kind === 'queue');
  const longest = waits.reduce((most, part) => (ms(part) > ms(most) ? part : most));
  return queueRemedy(longest.name.startsWith('A') ? 'A' : 'B', worked);
}

/** From this share of a rise on, what is not the most of it is told beside it. */
const ALSO = 0.25;

/** The mean response time rose: of what. */
function risen(parts: readonly Part[], low: Known, high: Known): string {
  const grown = (part: Part) => (part.of(high.waterfall) ?? 0) - (part.of(low.waterfall) ?? 0);
  const kinds = ['queue', 'model', 'network', 'minimum', 'client'] as const;
  const growth = (kind: Part['kind']) => sum(parts.filter((part) => part.kind === kind).map(grown));
  const most = kinds.reduce((best, kind) => (growth(kind) > growth(best) ? kind : best));
  const rise =
    `from ${low.rate}${doubtOf(low)} to ${high.rate} rps the mean response time rose from ${timeText(low.total)} to ` +
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
      return (
        `The model is slow, and slower under load: ${rise} its work (${what})${also('queue', 'requests wait longer')}. ` +
        SHORTER_WORK
      );
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
  return `At ${low.rate} rps${doubtOf(low)}, with the least load, ${mostOf(parts, low)}.`;
}

/** The mean response time is much the same at every rate. */
function level(parts: readonly Part[], low: Known, highest: Known | undefined): string {
  const models = ofKind(parts, 'model', low.waterfall);
  // A target that does not keep up has a queue, wherever it is.
  if (!low.isSteady) return atRest(parts, low);
  const start = models > low.total / 2 ? 'The model is slow' : 'No queue has grown';
  const until = highest === undefined ? '' : `, and up to ${highest.rate} rps nothing waits much longer`;
  return `${start}: at ${low.rate} rps ${mostOf(parts, low)}${until}.${models > low.total / 2 ? ` ${SHORTER_WORK}` : ''}`;
}

/** `the models work 8.10 s of 9.80 s (B's model 5.20 s: prompt 1.20 s, generation 3.90 s; A's model 2.90 s: ...)`. */
function mostOf(parts: readonly Part[], { waterfall, total }: Pick<Known, 'waterfall' | 'total'>): string {
  const models = ofKind(parts, 'model', waterfall);
  if (models > total / 2) {
    const each = parts
      .filter(({ kind }) => kind === 'model')
      .map((part) => {
        const work = part.work?.(waterfall);
        const did =
          work === undefined
            ? ''
            : `: load ${timeText(work.load)}, prompt ${timeText(work.prompt)}, generation ${timeText(work.generation)}`;
        return `${part.name} ${timeText(part.of(waterfall) ?? 0)}${did}`;
      });
    return `the models work ${timeText(models)} of ${timeText(total)} (${each.join('; ')})`;
  }
  const largest = parts.reduce((most, part) => ((part.of(waterfall) ?? 0) > (most.of(waterfall) ?? 0) ? part : most));
  return `most of ${timeText(total)} is ${largest.name}: ${timeText(largest.of(waterfall) ?? 0)}`;
}

function ofKind(parts: readonly Part[], kind: Part['kind'], waterfall: Waterfall): number {
  return sum(parts.map((part) => (part.kind === kind ? (part.of(waterfall) ?? 0) : 0)));
}

/** The parts of a kind by their times, the longest first; what is less than a twentieth of the longest is left out. */
function listed(parts: readonly Part[], kind: Part['kind'], ms: (part: Part) => number): string {
  const own = parts.filter((part) => part.kind === kind).toSorted((a, b) => ms(b) - ms(a));
  const [first] = own;
  const told = own.filter((part) => first === part || ms(part) > ms(first as Part) / 20);
  return told.map((part) => `${part.name} ${timeText(ms(part))}`).join(', ');
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
