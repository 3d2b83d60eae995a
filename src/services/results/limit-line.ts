import { durationText } from '../../durations.ts';
import { unitOf } from '../load/offered.ts';
import { CAPACITY } from '../load/profiles/limit-evidence.ts';
import { parseSlo } from '../load/stats/criterion.ts';
import type { ObjectiveLimit, SweepReport } from '../load/types.ts';
import { display, timeText } from './text.ts';
import { unmeasuredLine } from './unmeasured.ts';

/** What a search under objectives came to, in a sentence or two; nothing where there was none. */
export function limitLines({ limit, knee, plan }: Pick<SweepReport, 'limit' | 'knee' | 'plan'>): string[] {
  if (limit === undefined) return [];
  const { state, interval, limitedBy = '', missed, changed, unmeasured = [] } = limit;
  const { low = 0, high = 0 } = plan.limit ?? {};
  const unit = unitOf(plan);
  const rate = plan.loop === 'closed' ? 'number of open requests' : 'rate';
  const flag = plan.loop === 'closed' ? '--concurrency' : '--rps';
  const objectives = limit.objectives.map(display).join(', ');
  const hold = limit.objectives.length === 1 ? 'holds' : 'hold';
  const by = limitedBy === CAPACITY ? 'the target does not keep up' : `${display(limitedBy)} gives way`;
  const seen = missed === undefined ? '' : `, ${display(missed.observed)} at ${missed.rate} ${unit}`;
  // Of what was not seen there is only a guess.
  const above = missed === undefined ? '' : `; above it ${by}${seen}`;
  const between = interval === undefined ? '' : ` (99 %: ${interval[0]} to ${interval[1]})`;
  const none = `no ${rate} that was offered held all of them`;
  const best = knee === undefined ? none : `${knee.rate} ${unit} held`;
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
      const spoiled = unmeasuredLine(unmeasured, unit);
      if (interval !== undefined) return [`Knee: ${best}, and ${knownText(limit, plan, unit)}${above}.`, ...spoiled];
      if (knee === undefined) return [`Knee: not known: no point told anything of ${objectives}.`, ...spoiled];
      const least = `at least ${knee.rate} ${unit}, the highest ${rate} at which ${objectives} held`;
      return [`Knee: ${least}; nothing is known above it.`, ...spoiled];
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

/** Known worse than that, a limit is somewhere in between, and no figure with an error. */
const ABOUT = 0.1;

/** Where a limit lies that is not known to 2 %, as far as rates were offered. */
function knownText(
  { interval = [0, 0], estimate = 0, wantedSeconds }: ObjectiveLimit,
  { limit: bounds, requests }: Pick<SweepReport['plan'], 'limit' | 'requests'>,
  unit: string,
): string {
  const { low, high } = bounds ?? { low: 0, high: Infinity };
  const off = Math.max(interval[1] / estimate, estimate / interval[0]) - 1;
  const longer =
    wantedSeconds === undefined ? '' : `--max-duration ${durationText(wantedSeconds)} would tell it to 2 %`;
  // No duration makes a point longer that ends with its requests.
  const next = requests === undefined ? longer : longer && 'a larger --requests would show more';
  const more = next && `, and ${next}`;
  const [from, to] = interval;
  if (off < ABOUT) {
    const about = `the limit is about ${estimate} ${unit} (99 %: ${from} to ${to})`;
    return `${about}, known to ${(100 * off).toFixed(1)} % and not to 2 %${more}`;
  }
  if (to >= high && from <= low) return `where the limit is between ${low} and ${high} ${unit} is not known${more}`;
  if (to >= high) return `the limit is above ${from} ${unit} (99 %), and how far is not known${more}`;
  const between = from <= low ? `below ${to} ${unit} (99 %)` : `between ${from} and ${to} ${unit} (99 %)`;
  return `the limit is ${between}${more}`;
}
