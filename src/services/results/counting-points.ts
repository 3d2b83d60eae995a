import { unitOf } from '../load/offered.ts';
import { profileOf } from '../load/profiles/profiles.ts';
import type { PointSummary, SweepReport } from '../load/types.ts';
import { isSound, wasMeasured } from './verdict.ts';

/**
 * The point of each rate that counts where there can be only one: a search offers a rate again where the first time was
 * too short to tell, so the last one that is sound, or else the last that was measured at all.
 *
 * @returns in the order of `points`, one per rate
 */
export function countingPoints(points: readonly PointSummary[]): PointSummary[] {
  const worth = (point: PointSummary) => (isSound(point) ? 2 : wasMeasured(point) ? 1 : 0);
  const best = new Map<number, PointSummary>();
  for (const point of points) {
    const known = best.get(point.rate);
    if (known === undefined || worth(point) >= worth(known)) best.set(point.rate, point);
  }
  return points.filter((point) => best.get(point.rate) === point);
}

/**
 * The points of a report that count; an elastic profile offers a rate to another size of the group each time, so that
 * all do.
 */
export function countingOf({ points, plan }: Pick<SweepReport, 'points' | 'plan'>): readonly PointSummary[] {
  return profileOf(plan).repeats ? points : countingPoints(points);
}

/** Whether a duration that would show more is of use: not of a rate that was offered again, nor below the knee. */
export function needsAdvice(report: Pick<SweepReport, 'points' | 'plan' | 'knee'>, point: PointSummary): boolean {
  return point.rate >= (report.knee?.rate ?? 0) && countingOf(report).includes(point);
}

/** That a rate was offered more than once, and which point counts; nothing where none was. */
export function againLine(report: Pick<SweepReport, 'points' | 'plan'>): string[] {
  const counting = new Set(countingOf(report));
  const again = report.points.filter((point) => !counting.has(point)).map(({ rate }) => rate);
  if (again.length === 0) return [];
  return [
    `${[...new Set(again)].join(', ')} ${unitOf(report.plan)}: offered more than once; in charts and comparisons the last one counts`,
  ];
}
