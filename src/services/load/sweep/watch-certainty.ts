import type { Emit } from '../../../events.ts';
import type { Progress } from '../engine/protocol.ts';
import { offeredText } from '../offered.ts';
import type { Collector } from '../stats/collector.ts';
import {
  certaintyOf,
  doubtOf,
  type Look,
  looksOf,
  openRequests,
  requestRate,
  type UntilCertain,
} from '../stats/until-certain.ts';
import type { Certainty, PointSummary, SweepPlan } from '../types.ts';

/** What a look needs of the requests that have ended. */
export type Seen = Pick<Collector, 'objectives' | 'recorded' | 'response' | 'sentAfter'>;

/** Looks at a running point at its fixed times, and says whether its percentile is certain; see {@link looksOf}. */
export function watchCertainty(
  until: UntilCertain,
  rate: number,
  plan: Pick<SweepPlan, 'loop' | 'turns'>,
  leastSeconds: number,
) {
  const looks = looksOf(until, requestRate(rate, plan), leastSeconds);
  let next = 0;
  let ending: Look | undefined;
  const look = ({ objectives }: Pick<Seen, 'objectives'>, open?: ReturnType<typeof openRequests>) => {
    const samples = objectives.samples(until.of);
    return samples && certaintyOf(until, looks.length, samples, ending?.share, open);
  };
  return {
    /** Of the upper bounds of the point: one of each look is wrong with this chance. */
    tail: doubtOf(looks.length),
    isEnough(progress: Progress, seen: Seen, emit: Emit): boolean {
      const { elapsedMs } = progress;
      // At its last one the point ends by itself.
      const isDue = next < looks.length - 1 && elapsedMs >= 1000 * (looks[next] ?? 0);
      if (!isDue) return false;
      while (next < looks.length - 1 && elapsedMs >= 1000 * (looks[next] ?? 0)) next++;
      const found = look(seen, openAt(until.at, progress, seen));
      if (found?.reached) {
        ending = found;
        return true;
      }
      const text = `${offeredText(rate, plan)}: ${certaintyText(found, until)}; looked at again ${looks[next]} s after its beginning`;
      emit({ type: 'note', level: 'info', text });
      return false;
    },
    /** A point when all its answers are there, with how certain it is: one bound, in every table. */
    judged(point: PointSummary, seen: Pick<Seen, 'objectives'>): PointSummary {
      const found = look(seen);
      if (found === undefined) return point;
      const { share: _, ...certainty } = found;
      return withBound({ ...point, certainty }, until, certainty);
    },
  };
}

/** What may yet come of the requests that are open. */
function openAt(at: number, { elapsedMs, sent }: Progress, { recorded, response, sentAfter }: Seen) {
  const longest = response.bound(at, 1)?.estimate ?? elapsedMs;
  const lately = Math.min(sent, Math.ceil((sent * longest) / elapsedMs));
  return openRequests(at, Math.max(0, sent - recorded), { sent: lately, ended: sentAfter(elapsedMs - longest) });
}

/** The bound that ended the point is the one that its tables show. */
function withBound(point: PointSummary, { of, metric }: UntilCertain, { upper }: Certainty): PointSummary {
  const name = /(?:^|_)p(50|90|95|99|99\.9)$/.exec(metric)?.[1]?.replace('99.9', '999');
  if (name === undefined || upper === undefined) return point;
  const bounded = <T extends PointSummary['response']>(times: T): T =>
    times?.upper === undefined ? times : { ...times, upper: { ...times.upper, [`p${name}`]: upper } };
  const { response, stream } = point;
  if (of === 'e2e') return response === undefined ? point : { ...point, response: bounded(response) };
  const field = ({ ttft: 'ttft', 'ttft-sent': 'ttftSent', tpot: 'tpot' } as const)[of as 'ttft'];
  return stream?.[field] === undefined ? point : { ...point, stream: { ...stream, [field]: bounded(stream[field]) } };
}

function certaintyText(found: Certainty | undefined, { metric, width }: UntilCertain): string {
  if (found === undefined) return `no answer yet that tells the ${metric}`;
  const { estimate, upper, count } = found;
  const asked = `${Number((100 * width).toFixed(2))} % asked`;
  if (upper === undefined) return `${metric} of ${count} answers: too few for a bound`;
  const above = (100 * (upper / estimate - 1)).toFixed(1);
  return `with 99 % confidence ${metric} is at most ${above} % above what ${count} answers say (${asked}), with what is still open`;
}
