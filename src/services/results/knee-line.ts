import { unitOf } from '../load/offered.ts';
import { profileOf } from '../load/profiles/profiles.ts';
import { isSustained, unmeasuredRates } from '../load/stats/knee.ts';
import type { PointSummary, SweepReport } from '../load/types.ts';
import { limitLines } from './limit-line.ts';
import { unmeasuredLine } from './unmeasured.ts';
import { elasticLines, verdictOf } from './verdict.ts';

/**
 * The knee in a sentence, and which rates were not measured that would tell more of it; nothing where the run does not know
 * about states. Under an elastic profile the group changes meanwhile, so that there is none: what the group did takes its
 * place.
 */
export function kneeLine(report: SweepReport): string[] {
  const { plan, knee, points, elastic, limit, searched } = report;
  if (elastic !== undefined) return elasticLines(elastic);
  if (limit !== undefined) return limitLines(report);
  if (!profileOf(plan).hasKnee) return [];
  const unit = unitOf(plan);
  if (knee !== undefined) {
    const { rate: best, above = Number.POSITIVE_INFINITY } = knee;
    const open = ratesOf(undecided(points).filter(({ rate }) => rate > best && rate < above));
    const spoiled = unmeasuredRates(points, best, above);
    const doubt = open.length === 0 ? [] : [`${open.join(', ')} ${unit} could not be decided`];
    const end = knee.above === undefined ? [] : [`${above} ${unit} was not sustained`];
    const isEnd = spoiled.length === 0 && searched?.state !== 'atLeast';
    const none = isEnd ? 'the ladder ended before the target did' : 'nothing is known above it';
    const what = [...doubt, ...end].join(', and ') || none;
    const is = isAtLeast(report) && !isEnd ? `at least ${best} ${unit},` : `${best} ${unit} is`;
    return [`Knee: ${is} the highest rate that was sustained; ${what}.`, ...unmeasuredLine(spoiled, unit)];
  }
  const failed = Math.min(...points.filter((point) => isSustained(point) === false).map(({ rate }) => rate));
  const open = undecided(points).filter(({ rate }) => rate < failed);
  const spoiled = unmeasuredRates(points, 0, failed);
  // The highest rate is the nearest to the knee, and asks for least.
  const highest = open.toSorted((a, b) => a.rate - b.rate).at(-1);
  if (highest === undefined) {
    const more = unmeasuredLine(spoiled, unit);
    if (!Number.isFinite(failed))
      return searched === undefined || more.length === 0 ? [] : ['Knee: not decided: no rate was measured.', ...more];
    if (more.length === 0) return ['Knee: no point was sustained.'];
    return [`Knee: not decided: ${failed} ${unit} was not sustained, and nothing below it was measured.`, ...more];
  }
  const rates = ratesOf(open);
  const above = Number.isFinite(failed) ? `, and ${failed} ${unit} was not sustained` : '';
  const { suggestedDurationSeconds: seconds } = highest.state ?? {};
  const itself = profileOf(plan).seeksKnee ? '' : ', and --find-knee takes it by itself';
  const next =
    seconds === undefined ? '' : `; --duration ${seconds}s would show more of ${highest.rate} ${unit}${itself}`;
  return [
    `Knee: not decided: ${rates.join(', ')} ${unit} ${rates.length === 1 ? 'is' : 'are'} undecided${above}${next}.`,
    ...unmeasuredLine(spoiled, unit),
  ];
}

/** Sound points that do not tell whether the target keeps up. */
function undecided(points: readonly PointSummary[]): PointSummary[] {
  return points.filter((point) => ['undecided', 'filling'].includes(verdictOf(point)));
}

function ratesOf(points: readonly PointSummary[]): number[] {
  return [...new Set(points.map(({ rate }) => rate))];
}

/** Whether the knee of a run is only a bound: that may lie higher, and nothing measured says that it does not. */
export function isAtLeast({ knee, limit, searched, points }: SweepReport): boolean {
  if (knee === undefined) return false;
  if (limit !== undefined) return limit.state === 'above' || (limit.state === 'undecided' && !limit.interval);
  if (searched?.state === 'found') return false;
  return knee.above === undefined || unmeasuredRates(points, knee.rate, knee.above).length > 0;
}

/**
 * What keeps the outcome of a search from being evidence: `missed`, not one rate did; `undecided`, none is known or what
 * bounds it was not measured. Undefined where it is, or nothing was searched.
 */
export function searchFault({
  knee,
  limit,
  searched,
}: Pick<SweepReport, 'knee' | 'limit' | 'searched'>): 'missed' | 'undecided' | undefined {
  const { state, unmeasured } = limit ?? searched ?? {};
  if (state === undefined) return undefined;
  if (state === 'below') return 'missed';
  return knee === undefined || state === 'changing' || unmeasured !== undefined ? 'undecided' : undefined;
}

/** The knee as a figure and what it is worth, where a run may have one. */
export function kneeFigure(report: SweepReport): readonly [value: string, more: string] | undefined {
  const { knee, limit, searched, plan, points } = report;
  if (!profileOf(plan).hasKnee) return undefined;
  const unit = unitOf(plan);
  const what = plan.loop === 'closed' ? 'number' : 'rate';
  const fault = searchFault(report);
  if (limit?.state === 'changing') return ['not known', 'the target changed meanwhile'];
  if (knee === undefined) return [fault === 'undecided' ? 'not decided' : 'not found', `no ${what} that held`];
  const value = `${isAtLeast(report) ? 'at least ' : ''}${knee.rate} ${unit}`;
  if (limit?.interval !== undefined) {
    const known = limit.state === 'undecided' ? 'not to 2 %; ' : '';
    return [value, `${known}99 %: ${limit.interval.join(' to ')}; by ${limit.limitedBy}`];
  }
  const spoiled =
    limit?.unmeasured ??
    (searched?.state === 'found' ? [] : unmeasuredRates(points, knee.rate, knee.above ?? Infinity));
  if (spoiled.length > 0) return [value, `${spoiled.map(({ rate }) => rate).join(', ')} not measured`];
  if (limit !== undefined) return [value, `highest ${what} that held`];
  return [value, knee.above === undefined ? 'highest sustained rate' : `${knee.above} was not sustained`];
}
