import type { Event } from '../../events.ts';
import { pointCount } from '../../services/load/profiles/profiles.ts';
import { type Entry, entryOf, entryRows } from '../format/entry.ts';
import { noScaleMemory, rememberPoll, scaleChanges } from '../format/scale-changes.ts';
import { DOING } from '../format/step.ts';
import { tickLine, waitingLine } from '../format/sweep.ts';
import { formatAmount, type Paint, plain } from '../format/text.ts';
import type { Reporter } from '../reporter-type.ts';

const TICK_MS = 2000;
const PROGRESS_MS = 2000;
const PROGRESS_SHARE = 0.1;

interface LinesOptions {
  readonly paint?: Paint;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

interface Shown {
  readonly at: number;
  readonly share: number;
}

/**
 * One line per change and nothing redrawn: for logs, pipes and screen readers. What comes often (progress, ticks,
 * waiting) is thinned, so that the log of a long run can still be read.
 */
export function linesReporter(write: (line: string) => void, options: LinesOptions = {}): Reporter {
  const { paint = plain, now = () => performance.now() } = options;
  const waiting = new Map<string, string>();
  const progress = new Map<string, Shown>();
  let points = '';
  let lastTick = Number.NEGATIVE_INFINITY;
  let lastPoint = -1;
  let scale = noScaleMemory;

  /** What a look at a group has changed. */
  const changes = (event: Event): Entry[] => {
    if (event.type === 'watch-started') scale = noScaleMemory;
    if (event.type !== 'scale-sample') return [];
    const entries = scaleChanges(scale, event);
    scale = rememberPoll(scale, event);
    return entries;
  };

  const extra = (event: Event): string | undefined => {
    switch (event.type) {
      case 'step-started':
        waiting.delete(event.key);
        return `• ${event.key}: ${DOING[event.action]}${event.detail === undefined ? '' : ` (${event.detail})`}`;
      case 'step-waiting':
        if (waiting.get(event.key) === event.reason) return undefined;
        waiting.set(event.key, event.reason);
        return `• ${event.key}: still ${DOING[event.action]}: ${event.reason}`;
      case 'progress': {
        const share = event.total > 0 ? event.done / event.total : 0;
        const finished = event.total > 0 && event.done >= event.total;
        const last = progress.get(event.key);
        const due = last === undefined || now() - last.at >= PROGRESS_MS || share - last.share >= PROGRESS_SHARE;
        if (!(due || finished) || (finished && last?.share === 1)) return undefined;
        progress.set(event.key, { at: now(), share });
        const of = event.total > 0 ? ` of ${formatAmount(event.total, event.unit)}` : '';
        const percent = event.total > 0 ? ` (${Math.floor(share * 100)} %)` : '';
        return `• ${event.label}: ${formatAmount(event.done, event.unit)}${of}${percent}`;
      }
      case 'sweep-started':
        points = pointCount(event.plan);
        lastTick = Number.NEGATIVE_INFINITY;
        return undefined;
      case 'sweep-waiting':
        if (now() - lastTick < TICK_MS) return undefined;
        lastTick = now();
        return `• ${waitingLine(event)}`;
      case 'sweep-tick':
        if (event.tick.index === lastPoint && now() - lastTick < TICK_MS) return undefined;
        lastTick = now();
        lastPoint = event.tick.index;
        return `• ${tickLine(event.tick, points)}`;
      default:
        return undefined;
    }
  };

  return {
    handle(event) {
      const entry = entryOf(event, paint);
      const changed = changes(event);
      const entries = entry === undefined ? changed : [entry];
      const lines = entries.flatMap((each) => entryRows(each, paint).map(({ lead, text }) => lead + text));
      const line = extra(event);
      for (const text of line === undefined ? lines : [...lines, line]) write(`${text}\n`);
    },
    close: async () => {},
  };
}
