import type { Event, Reporter } from '../../events.ts';
import { pointCount } from '../../services/load/profiles/profiles.ts';
import { besideLead, entryOf, entryRows } from '../format/entry.ts';
import { noScaleMemory, rememberPoll, scaleChanges } from '../format/scale-changes.ts';
import { stepDoing } from '../format/step.ts';
import { tickLine, waitingLine } from '../format/sweep.ts';
import { formatAmount, plain } from '../format/text.ts';

const TICK_MS = 2000;
const PROGRESS_MS = 2000;
const PROGRESS_SHARE = 0.1;

/**
 * One line per change and nothing redrawn: for logs, pipes and screen readers. What comes often (progress, ticks,
 * waiting) is thinned, so that the log of a long run can still be read.
 *
 * @param now monotonic milliseconds
 * @param columns that lines are broken to fit
 */
export function linesReporter(
  write: (line: string) => void,
  now = () => performance.now(),
  columns = Number.POSITIVE_INFINITY,
): Reporter {
  const tell = (lead: string, text: string) => {
    for (const line of besideLead(lead, text, columns)) write(`${line}\n`);
  };
  const waiting = new Map<string, string>();
  const progress = new Map<string, { readonly at: number; readonly share: number }>();
  let points = '';
  let lastTick = Number.NEGATIVE_INFINITY;
  let lastPoint = -1;
  let scale = noScaleMemory;

  /** What is said while something goes on. */
  const passing = (event: Event): string | undefined => {
    switch (event.type) {
      case 'step-started':
        waiting.delete(event.key);
        return `${stepDoing(event.key, event.action)}${event.detail === undefined ? '' : ` (${event.detail})`}`;
      case 'step-waiting':
        if (waiting.get(event.key) === event.reason) return undefined;
        waiting.set(event.key, event.reason);
        return `${stepDoing(event.key, event.action, 'still ')}: ${event.reason}`;
      case 'progress': {
        const { key, label, done, total, unit } = event;
        const share = total > 0 ? done / total : 0;
        const last = progress.get(key);
        const due = last === undefined || now() - last.at >= PROGRESS_MS || share - last.share >= PROGRESS_SHARE;
        const isEnd = share >= 1;
        if (isEnd ? last?.share === 1 : !due) return undefined;
        progress.set(key, { at: now(), share });
        const of = total > 0 ? ` of ${formatAmount(total, unit)} (${Math.floor(share * 100)} %)` : '';
        return `${label}: ${formatAmount(done, unit)}${of}`;
      }
      case 'sweep-started':
        points = pointCount(event.plan);
        lastTick = Number.NEGATIVE_INFINITY;
        return undefined;
      case 'sweep-waiting':
        if (now() - lastTick < TICK_MS) return undefined;
        lastTick = now();
        return waitingLine(event);
      case 'sweep-tick':
        if (event.tick.index === lastPoint && now() - lastTick < TICK_MS) return undefined;
        lastTick = now();
        lastPoint = event.tick.index;
        return tickLine(event.tick, points);
      default:
        return undefined;
    }
  };

  return {
    handle(event) {
      const entry = entryOf(event, plain);
      const entries = entry === undefined ? [] : [entry];
      if (event.type === 'watch-started') scale = noScaleMemory;
      if (event.type === 'scale-sample') {
        entries.push(...scaleChanges(scale, event));
        scale = rememberPoll(scale, event);
      }
      for (const { lead, text } of entries.flatMap((each) => entryRows(each, plain))) tell(lead, text);
      const line = passing(event);
      if (line !== undefined) tell('• ', line);
    },
    close: async () => {},
  };
}
