import { durationText } from '../../durations.ts';
import { unitOf } from '../load/offered.ts';
import { CAPACITY } from '../load/profiles/limit-evidence.ts';
import { parseSlo } from '../load/stats/criterion.ts';
import type { SweepReport } from '../load/types.ts';
import { display, timeText } from './text.ts';

/** What a search under objectives came to, in a sentence or two; nothing where there was none. */
export function limitLines({ limit, knee, plan }: Pick<SweepReport, 'limit' | 'knee' | 'plan'>): string[] {
  if (limit === undefined) return [];
  const { state, interval, limitedBy = '', missed, wantedSeconds, changed, estimate = 0 } = limit;
  const { low = 0, high = 0 } = plan.limit ?? {};
  const unit = unitOf(plan);
  const rate = plan.loop === 'closed' ? 'number of open requests' : 'rate';
  const flag = plan.loop === 'closed' ? '--concurrency' : '--rps';
  const objectives = limit.objectives.map(display).join(', ');
  const hold = limit.objectives.length === 1 ? 'holds' : 'hold';
  const by = limitedBy === CAPACITY ? 'the target does not keep up' : `${display(limitedBy)} gives way`;
  const seen = missed === undefined ? '' : `, ${display(missed.observed)} at ${missed.rate} ${unit}`;
  const between = interval === undefined ? '' : ` (99 %: ${interval[0]} to ${interval[1]})`;
  const none = `no ${rate} that was offered held all of them`;
  const best = knee === undefined ? none : `${knee.rate} ${unit} is the highest that held`;
  const below = plan.loop === 'closed' && low < 10 ? undefined : Number((low / 10).toPrecision(1));
  switch (state) {
    case 'found':
      return [
        `Knee: ${knee?.rate} ${unit} is the highest ${rate} at which ${objectives} ${hold}${between}; above it ${by}${seen}.`,
      ];
    case 'above':
      return [
        `Knee: ${objectives} ${hold} up to ${high} ${unit}, the highest ${rate} that was offered: the limit is above.`,
      ];
    case 'below': {
      const lower = below === undefined ? '' : `: ${flag} ${below},${low} --find-knee searches below it`;
      return [`Knee: none: ${by} at the lowest ${rate} already${seen}${aloneText(plan, limitedBy) ?? lower}.`];
    }
    case 'changing': {
      const { missed: from = 0, held = 0 } = changed ?? {};
      const at =
        from === held
          ? `${from} ${unit} once and held there another time`
          : `${from} ${unit} and held at ${held} ${unit}`;
      return [`Knee: not known: the target changed meanwhile: an objective was missed at ${at}; ${best}.`];
    }
    case 'undecided': {
      if (interval === undefined) return [`Knee: not known: no point told anything of ${objectives}.`];
      const off = Math.max(interval[1] / estimate, estimate / interval[0]) - 1;
      const known = `the limit is about ${estimate} ${unit}${between}, known to ${(100 * off).toFixed(off < 0.1 ? 1 : 0)} % and not to 2 %`;
      const more = wantedSeconds === undefined ? '' : `; --max-duration ${durationText(wantedSeconds)} would do`;
      return [`Knee: ${best}: ${known}${more}; above it ${by}${seen}.`];
    }
  }
}

/** That one request alone misses an objective: nothing that is offered is low enough. */
function aloneText({ probeMs, probeFailure }: SweepReport['plan'], limitedBy: string): string | undefined {
  if (probeFailure !== undefined) return `; one request alone failed already (${display(probeFailure)})`;
  const bound = WHOLE_ANSWER.test(limitedBy) ? parseSlo(limitedBy.trim()).bound : Number.POSITIVE_INFINITY;
  if (probeMs === undefined || probeMs <= bound) return undefined;
  return `; one request alone takes ${timeText(probeMs)} already`;
}

/** Objectives that bound the time of a whole answer. */
const WHOLE_ANSWER = /^\s*p\d+(\.\d+)?\s*<=?\s*\d/;
