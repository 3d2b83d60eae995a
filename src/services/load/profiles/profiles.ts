import { judgeKnee } from '../stats/knee.ts';
import type { PointSummary, SweepPlan, SweepReport } from '../types.ts';
import { closed } from './closed.ts';
import { elastic } from './elastic.ts';
import { limit } from './limit.ts';
import { list } from './list.ts';
import type { Profile, ProfilePlan, ProfileSettings } from './profile.ts';
import { search } from './search.ts';

/** The ways in which a load runs; each is asked in turn whether it is meant. A new one is a file and a line here. */
const PROFILES: readonly Profile[] = [elastic, limit, search, closed, list];

/** The profile of a plan, also of one in a manifest. */
export function profileOf(plan: ProfilePlan): Profile {
  return PROFILES.find(({ name }) => plan[name as keyof ProfilePlan] !== undefined) ?? list;
}

/** The profile that settings ask for, and its part of the plan. */
export function planProfile(settings: ProfileSettings): { readonly profile: Profile; readonly own: ProfilePlan } {
  for (const profile of PROFILES) {
    const own = profile.plan(settings);
    if (own !== undefined) return { profile, own };
  }
  return { profile: list, own: { rates: settings.rates } };
}

/** `13`, or `at most 12` where points are decided while it runs. */
export function pointCount(plan: SweepPlan): string {
  const { isOpen, mostPoints } = profileOf(plan);
  return `${isOpen ? 'at most ' : ''}${mostPoints(plan)}`;
}

/**
 * The points that thresholds are asked of. A search under objectives offers rates above the limit on purpose: there it is the
 * one that it found.
 */
export function askedPoints(
  plan: SweepPlan,
  points: readonly PointSummary[],
  knee: SweepReport['knee'],
): readonly PointSummary[] {
  return plan.limit === undefined || knee === undefined ? points : points.filter(({ index }) => index === knee.index);
}

type Conclusion = Pick<SweepReport, 'knee' | 'searched' | 'limit'>;

/** What the points of a plan come to. */
export function conclusionOf(plan: SweepPlan, points: readonly PointSummary[]): Conclusion {
  const profile = profileOf(plan);
  if (profile.conclude !== undefined) return profile.conclude(plan, points);
  const knee = profile.hasKnee ? judgeKnee(points) : undefined;
  return knee === undefined ? {} : { knee };
}
