import { defined } from '../../defined.ts';
import { unmeasuredRates } from '../stats/knee.ts';
import type { Knee, ObjectiveLimit, PointSummary, Unmeasured } from '../types.ts';
import { type Limit, pilesUp, type Reading } from './limit-estimate.ts';
import { CAPACITY, limitTried } from './limit-evidence.ts';
import { answerOf, type LimitSearch, type LimitTried, limitSeen, PRECISION, secondsFor } from './limit-search.ts';

/** A reading that far from its bound is no chance, in standard errors. */
const CERTAIN = 3.3;
/** A point that is so many times shorter than another one is no witness against it. */
const SHORT = 8;

interface Conclusion {
  readonly knee?: Knee;
  readonly limit: ObjectiveLimit;
}

/** What the points of a search under objectives come to: the highest rate at which they hold, and what gives way above it. */
export function concludeLimit(
  search: LimitSearch,
  objectives: readonly string[],
  points: readonly PointSummary[],
): Conclusion {
  const tried = points.map((point) => ({ ...limitTried(point, objectives), point }));
  const limit = limitSeen(search, tried);
  const unmeasured = unmeasuredRates(points, 0, Number.POSITIVE_INFINITY);
  if (limit === undefined) return { limit: { state: 'undecided', objectives, ...some(unmeasured) } };
  const changed = changedOf(tried);
  const { best, isSure } = concludedRate(search, tried, limit, changed?.missed);
  const state = stateOf(limit, isSure, changed !== undefined);
  // Where nothing was seen above the highest rate that held, only the guess that things begin with bounds the limit.
  const isBounded = state === 'found' || (state === 'undecided' && isSeenAbove(tried, best));
  const bound = search.whole ? Math.floor : figure;
  const interval = isBounded ? ([bound(limit.low), bound(limit.high)] as const) : undefined;
  const isBy = state === 'below' || isBounded;
  const limitedBy = isBy ? limit.by : undefined;
  const above = tried.filter((each) => isMiss(each) && each.offered > (best?.offered ?? 0));
  const nextAbove = Math.min(...above.map(({ offered }) => offered));
  const open = unmeasured.filter(({ rate }) => rate > (best?.offered ?? 0) && rate < nextAbove);
  // A machine that does not send on time does not do so for longer, either.
  const isLonger = state === 'undecided' && open.length === 0;
  const knee =
    best === undefined || state === 'below'
      ? undefined
      : defined({
          rate: best.point.rate,
          index: best.point.index,
          above: Number.isFinite(nextAbove) ? nextAbove : undefined,
          limitedBy,
          interval,
        });
  return defined({
    knee,
    limit: defined({
      state,
      objectives,
      interval,
      estimate: isBounded ? figure(limit.middle) : undefined,
      limitedBy,
      missed: limitedBy === undefined ? undefined : missedOf(tried, limitedBy, knee?.rate ?? 0),
      wantedSeconds: isBounded && isLonger ? wanted(search, tried, limit) : undefined,
      changed,
      ...(state === 'undecided' ? some(open) : {}),
    }),
  });
}

function some(unmeasured: Unmeasured): Pick<ObjectiveLimit, 'unmeasured'> {
  return unmeasured.length === 0 ? {} : { unmeasured };
}

/** Whether any point above this one tells something; without one, those that missed their objectives are above. */
function isSeenAbove(tried: readonly LimitTried[], best: LimitTried | undefined): boolean {
  return tried.some(({ offered, readings }) => readings.length > 0 && offered > (best?.offered ?? 0));
}

function stateOf({ below, above }: Limit, isSure: boolean, isChanged: boolean): ObjectiveLimit['state'] {
  if (isChanged) return 'changing';
  if (below > 0.99) return 'below';
  if (above > 0.99) return 'above';
  return isSure ? 'found' : 'undecided';
}

/** Above its likeliest value by less than that, as a factor, what held is as good an answer as just below it. */
const BESIDE = 1.006;

/**
 * The highest point that held: the one that is near enough to the limit for certain, or else one below its likeliest value; one
 * just above it where none is near below.
 */
export function concludedRate<Each extends LimitTried>(
  search: LimitSearch,
  tried: readonly Each[],
  limit: Limit,
  most = Number.POSITIVE_INFINITY,
): { readonly best?: Each | undefined; readonly isSure: boolean } {
  const sure = answerOf(search, tried, limit);
  if (sure !== undefined && sure.offered <= most) return { best: tried.find((each) => each === sure), isSure: true };
  // Of whole numbers what is just below the first that missed is as near as can be, wherever the middle is.
  const missed = search.whole ? Math.min(...tried.filter(isMiss).map(({ offered }) => offered)) : 0;
  const likely = Number.isFinite(missed) ? Math.max(limit.middle, missed) : limit.middle;
  const held = tried.filter((each) => each.held && each.offered <= Math.min(most, likely));
  const best = held.toSorted((one, other) => one.offered - other.offered).at(-1);
  const isNear = best !== undefined && best.offered * PRECISION >= limit.middle;
  const beside = tried
    .filter((each) => each.held && each.offered > limit.middle && each.offered <= Math.min(most, limit.middle * BESIDE))
    .toSorted((one, other) => one.offered - other.offered)[0];
  return { best: isNear ? best : (beside ?? best), isSure: false };
}

function isMiss({ readings, held }: LimitTried): boolean {
  return readings.length > 0 && !held;
}

/** What was seen of an objective at the lowest rate above the knee at which it was missed. */
function missedOf(tried: readonly (LimitTried & { point: PointSummary })[], name: string, knee: number) {
  const missed = tried.flatMap(({ point, ...each }) => {
    const { rate, servedRps, objectives = [] } = point;
    const figure = objectives.find(({ expression }) => expression === name);
    if (rate <= knee || each.readings.length === 0) return [];
    if (name === CAPACITY) return pilesUp(each) ? [{ rate, observed: `${servedRps.toPrecision(3)}/s served` }] : [];
    return figure === undefined || figure.met ? [] : [{ rate, observed: figure.observed }];
  });
  return missed.toSorted((one, other) => one.rate - other.rate)[0];
}

/**
 * Two points that no target gives that stays as it is: an objective was missed for certain at a rate, and held for certain
 * at one that is as high or higher.
 */
function changedOf(tried: readonly LimitTried[]): ObjectiveLimit['changed'] {
  for (const lower of tried) {
    for (const higher of tried) {
      if (higher.offered < lower.offered * 0.999 || isShort(lower, higher) || isShort(higher, lower)) continue;
      for (const one of lower.readings) {
        const other = higher.readings.find(({ name }) => name === one.name);
        if (other === undefined || one.kind === 'backlog' || pilesUp(lower) !== pilesUp(higher)) continue;
        const apart = (one.excess - other.excess) / Math.hypot(one.error, other.error);
        if (side(one) > 2 && side(other) < -2 && apart > CERTAIN + 0.6)
          return { missed: lower.offered, held: higher.offered };
      }
    }
  }
  return undefined;
}

function side({ excess, error }: Reading): number {
  return excess / error;
}

function isShort(one: LimitTried, other: LimitTried): boolean {
  return one.durationSeconds * SHORT < other.durationSeconds;
}

/** The longest point that would do: the error of a limit falls with the square root of what was measured near to it. */
function wanted({ maxDurationSeconds }: LimitSearch, tried: readonly LimitTried[], limit: Limit): number {
  const half = Math.max(limit.high / limit.middle, limit.middle / limit.low) - 1;
  const byWidth = maxDurationSeconds * Math.min(100, Math.max(1, half / 0.012) ** 2);
  const byPoints = secondsFor(tried, limit);
  const seconds = Math.max(maxDurationSeconds * 1.5, Number.isFinite(byPoints) ? Math.min(byWidth, byPoints) : byWidth);
  return Math.ceil(seconds / 60) * 60;
}

function figure(rate: number): number {
  return Number(rate.toPrecision(4));
}
