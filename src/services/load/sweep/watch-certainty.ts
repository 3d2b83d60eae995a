import type { Emit } from '../../../events.ts';
import type { Progress } from '../engine/protocol.ts';
import { expectedRate, offeredText } from '../offered.ts';
import type { ObjectiveTally } from '../stats/objective.ts';
import { certaintyOf, looksOf, type UntilCertain } from '../stats/until-certain.ts';
import type { Certainty, SweepPlan } from '../types.ts';

/** Looks at a running point at its fixed times, and says whether its percentile is certain; see {@link looksOf}. */
export function watchCertainty(
  until: UntilCertain,
  rate: number,
  plan: Pick<SweepPlan, 'loop' | 'probeMs' | 'thinkSeconds'>,
  leastSeconds: number,
) {
  const looks = looksOf(until, expectedRate(rate, plan), leastSeconds);
  let next = 0;
  const look = (objectives: ObjectiveTally): Certainty | undefined => {
    const samples = objectives.samples(until.of);
    return samples && certaintyOf(until, looks.length, samples);
  };
  return {
    isEnough({ elapsedMs }: Progress, objectives: ObjectiveTally, emit: Emit): boolean {
      // At its last one the point ends by itself.
      const isDue = next < looks.length - 1 && elapsedMs >= 1000 * (looks[next] ?? 0);
      if (!isDue) return false;
      while (next < looks.length - 1 && elapsedMs >= 1000 * (looks[next] ?? 0)) next++;
      const found = look(objectives);
      if (found?.reached) return true;
      const text = `${offeredText(rate, plan)}: ${certaintyText(found, until)}; looked at again ${looks[next]} s after its beginning`;
      emit({ type: 'note', level: 'info', text });
      return false;
    },
    /** Of the point when all its answers are there. */
    found: look,
  };
}

function certaintyText(found: Certainty | undefined, { metric, width }: UntilCertain): string {
  if (found === undefined) return `no answer yet that tells the ${metric}`;
  const { estimate, upper, count } = found;
  const asked = `${Number((100 * width).toFixed(2))} % asked`;
  if (upper === undefined) return `${metric} ${estimate.toFixed(1)} ms of ${count} answers, too few for a bound`;
  const above = (100 * (upper / estimate - 1)).toFixed(1);
  return `${metric} ${estimate.toFixed(1)} ms, with 99 % confidence at most ${above} % more (${asked})`;
}
