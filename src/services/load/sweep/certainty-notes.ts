import { durationText, formatSpan } from '../../../durations.ts';
import { offeredText } from '../offered.ts';
import type { Note } from '../profiles/profile.ts';
import { leastSeconds } from '../stats/until-certain.ts';
import type { SweepPlan } from '../types.ts';

/** What ends points that last until a percentile is certain, and which of them may not get there. */
export function certaintyNotes(plan: SweepPlan): Note[] {
  const { untilCertain, rates } = plan;
  if (untilCertain === undefined) return [];
  const { metric, width, maxDurationSeconds: most } = untilCertain;
  const text =
    `each point lasts until the upper bound of its ${metric} (99 % confidence) is at most ${Number((100 * width).toFixed(2))} % ` +
    `above the estimate, and at most ${formatSpan(most)} (--max-duration)`;
  const unbound = { ...untilCertain, maxDurationSeconds: Number.MAX_VALUE };
  const firsts = rates.map((rate) => leastSeconds(unbound, rate, plan));
  const short = rates.filter((_, at) => (firsts[at] ?? 0) > most);
  const needed = durationText(Math.ceil(Math.max(...firsts) / 60) * 60);
  const warning = `${metric} cannot be certain at ${short.map((rate) => offeredText(rate, plan)).join(', ')} within ${formatSpan(most)}: --max-duration ${needed} is the least that may do`;
  return [{ level: 'info', text }, ...(short.length === 0 ? [] : [{ level: 'warn', text: warning } as const])];
}
