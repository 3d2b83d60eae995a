import { LEAST_ERROR } from '../stats/excess.ts';
import { isValid } from '../stats/validity.ts';
import type { PointSummary } from '../types.ts';
import type { Reading } from './limit-estimate.ts';
import { pilesUp } from './limit-estimate.ts';
import type { LimitTried } from './limit-search.ts';

/** What gives way where none of the objectives does: more is offered than is served. */
export const CAPACITY = 'capacity';

/** What a point says to a search under these objectives. */
export function limitTried(point: PointSummary, objectives: readonly string[]): LimitTried {
  const { rate: offered, durationSeconds, status, contaminated, dropped } = point;
  const nothing = { offered, durationSeconds, readings: [], held: false };
  if (status !== 'complete') return nothing;
  if (!isValid(point)) return { ...nothing, invalid: true };
  if (contaminated !== undefined) return nothing;
  const figures = (point.objectives ?? []).filter(({ expression }) => objectives.includes(expression));
  const curves = figures.flatMap(({ expression, evidence }): Reading[] =>
    // Earlier versions wrote errors of 0, of points that were short against their window.
    evidence === undefined
      ? []
      : [{ name: expression, ...evidence, error: Math.max(LEAST_ERROR, evidence.error), kind: 'curve' }],
  );
  const tried = { ...nothing, readings: [...curves, ...backlogOf(point)] };
  const held =
    figures.length === objectives.length && figures.every(({ met }) => met) && dropped === 0 && !pilesUp(tried);
  return { ...tried, held };
}

/**
 * What piled up of the requests that were answered in the end, as a part of them: they left more slowly than they came. Its
 * error is that of a queue that only ever adds up, of work that varies as much as it is long, and as much again.
 */
function backlogOf({ durationSeconds, outcomes, servedRps, loop }: PointSummary): Reading[] {
  // In a closed loop nothing comes before something has left.
  if (outcomes.ok === 0 || servedRps === 0 || loop === 'closed') return [];
  const left = Math.min(1, (servedRps * durationSeconds) / outcomes.ok);
  return [{ name: CAPACITY, excess: 1 - left, error: 2 * Math.sqrt(left / outcomes.ok), kind: 'backlog' }];
}
