import { durationText, formatEstimate, formatSpan } from '../../../durations.ts';
import { expectedRate, offeredText } from '../offered.ts';
import type { Note } from '../profiles/profile.ts';
import { looksOf, parseUntilCertain } from '../stats/until-certain.ts';
import type { SweepPlan } from '../types.ts';

/** How long points take that last until a percentile is certain, and which of them may not get there. */
export function certaintyNotes(plan: SweepPlan): Note[] {
  const { untilCertain, rates, durationSeconds, warmupSeconds } = plan;
  if (untilCertain === undefined) return [];
  const { metric, width, maxDurationSeconds: most } = untilCertain;
  const until = { ...parseUntilCertain(metric), width, maxDurationSeconds: most };
  const firsts = rates.map(
    (rate) =>
      looksOf({ ...until, maxDurationSeconds: Number.MAX_VALUE }, expectedRate(rate, plan), durationSeconds)[0] ?? 0,
  );
  const least = firsts.reduce((sum, first) => sum + warmupSeconds + Math.min(first, most), 0);
  const longest = rates.length * (warmupSeconds + most);
  const each = rates.map(
    (rate, at) => `${formatEstimate(Math.min(firsts[at] ?? 0, most))} at ${offeredText(rate, plan)}`,
  );
  const text =
    `each point lasts until the upper bound of its ${metric} (99 % confidence) is at most ${Number((100 * width).toFixed(2))} % ` +
    `above the estimate, and at most ${formatSpan(most)} (--max-duration); at least ${each.join(', ')}: ` +
    `${formatEstimate(least)} to ${formatEstimate(longest)} without drains`;
  const short = rates.filter((_, at) => (firsts[at] ?? 0) > most);
  const needed = durationText(Math.ceil(Math.max(...firsts) / 60) * 60);
  const warning = `${metric} cannot be certain at ${short.map((rate) => offeredText(rate, plan)).join(', ')} within ${formatSpan(most)}: --max-duration ${needed} is the least that may do`;
  return [{ level: 'info', text }, ...(short.length === 0 ? [] : [{ level: 'warn', text: warning } as const])];
}
