import type { PointSummary, Waterfall } from '../load/types.ts';
import { timeText } from './text.ts';
import { isSound } from './verdict.ts';
import { type Part, partsOf, waterfallTotal } from './waterfall-parts.ts';

/** A mean response time has risen when it is so many times as long. */
const RISEN = 1.25;

interface Known {
  readonly rate: number;
  readonly waterfall: Waterfall;
  readonly total: number;
}

/**
 * Where the time went as the load rose, in sentences: waiting for a place ("the queue is full"), or the model at work
 * even where hardly anything waits ("the model is slow"). The lowest rate is compared with the one that took longest.
 *
 * @param points of a run; only sound ones count
 * @returns nothing where the answers do not tell waiting from work
 */
export function bottleneckLines(points: readonly PointSummary[]): string[] {
  const byRate = new Map<number, Known>();
  for (const point of points) {
    const { rate, waterfall } = point;
    if (waterfall === undefined || !isSound(point) || !tellsWaiting(waterfall)) continue;
    // A search offers a rate again where the first time was too short to tell.
    byRate.set(rate, { rate, waterfall, total: waterfallTotal(waterfall) });
  }
  const known = [...byRate.values()].sort((a, b) => a.rate - b.rate);
  const [low, ...others] = known;
  if (low === undefined) return [];
  const parts = partsOf(known.map(({ waterfall }) => waterfall));
  const atLow = (part: Part) => part.of(low.waterfall) ?? 0;
  const waiting = ofKind(parts, 'queue', low.waterfall);
  if (waiting > low.total / 2) {
    return [
      `The queue is full: already at ${low.rate} rps, requests wait ${timeText(waiting)} of ${timeText(low.total)} ` +
        `(${listed(parts, 'queue', atLow)}). ${shorterQueue(parts, atLow)}`,
    ];
  }
  const high = others.reduce((longest, each) => (each.total > longest.total ? each : longest), low);
  return high.total > RISEN * low.total
    ? [risen(parts, low, high), atRest(parts, low)]
    : [level(parts, low, others.at(-1))];
}

/** Which engine told its queue apart from its work, or which service its own. */
function tellsWaiting({ bQueue, bEngineQueue }: Waterfall): boolean {
  return bQueue !== undefined || bEngineQueue !== undefined;
}

const SHORTER_WORK = 'A faster machine, a smaller model or shorter answers shorten it.';

/** What helps where requests wait longest. There is one A. */
function shorterQueue(parts: readonly Part[], ms: (part: Part) => number): string {
  const waits = parts.filter(({ kind }) => kind === 'queue');
  const longest = waits.reduce((most, part) => (ms(part) > ms(most) ? part : most));
  return longest.name.startsWith('A')
    ? "More slots of A's engine shorten it."
    : 'More instances of B, or more slots of its engine, shorten it.';
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
    `from ${low.rate} to ${high.rate} rps the mean response time rose from ${timeText(low.total)} to ` +
    `${timeText(high.total)}, and ${timeText(growth(most))} of the rise is`;
  const what = listed(parts, most, grown);
  const also = (kind: 'queue' | 'model', did: string) =>
    growth(kind) > ALSO * (high.total - low.total)
      ? `; ${did} by ${timeText(growth(kind))} (${listed(parts, kind, grown)})`
      : '';
  switch (most) {
    case 'queue':
      return `The queue is full: ${rise} waiting (${what})${also('model', 'the models work longer')}. ${shorterQueue(parts, grown)}`;
    case 'model':
      return (
        `The model is slow, and slower under load: ${rise} its work (${what})${also('queue', 'requests wait longer')}. ` +
        SHORTER_WORK
      );
    default:
      return `Neither a queue nor the model: ${rise} ${what}.`;
  }
}

/** What is left where hardly anything waits. */
function atRest(parts: readonly Part[], low: Known): string {
  return `At ${low.rate} rps, with the least load, ${mostOf(parts, low)}.`;
}

/** The mean response time is much the same at every rate. */
function level(parts: readonly Part[], low: Known, highest: Known | undefined): string {
  const models = ofKind(parts, 'model', low.waterfall);
  const start = models > low.total / 2 ? 'The model is slow' : 'No queue has grown';
  const until = highest === undefined ? '' : `, and up to ${highest.rate} rps nothing waits much longer`;
  return `${start}: at ${low.rate} rps ${mostOf(parts, low)}${until}.${models > low.total / 2 ? ` ${SHORTER_WORK}` : ''}`;
}

/** `the models work 8.10 s of 9.80 s (B's model 5.20 s: prompt 1.20 s, generation 3.90 s; A's model 2.90 s: ...)`. */
function mostOf(parts: readonly Part[], { waterfall, total }: Known): string {
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
