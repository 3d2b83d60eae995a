import { isSustained } from '../load/stats/knee.ts';
import type { PointSummary, SweepReport } from '../load/types.ts';
import { elasticLines } from './elastic-line.ts';
import { display } from './text.ts';

/** What to think of a point, in one word for a column; the sentences stand in {@link remarksOf}. */
export type Verdict =
  | 'skipped'
  | 'aborted'
  | 'interrupted'
  | 'cut'
  | 'invalid'
  | 'contaminated'
  | 'overloaded'
  | 'filling'
  | 'steady'
  | 'valid';

/** The gravest thing first: what makes the figures useless stands before what they say about the target. */
export function verdictOf(point: PointSummary): Verdict {
  if (point.status !== 'complete') return point.status;
  if (point.validity !== 'valid') return 'invalid';
  if (point.contaminated !== undefined) return 'contaminated';
  const state = point.state?.state ?? 'unknown';
  return state === 'unknown' ? 'valid' : state;
}

/** Whether the figures say something about the target: measured to the end, valid, and not under an older load. */
export function isSound(point: PointSummary): boolean {
  return point.status === 'complete' && point.validity === 'valid' && point.contaminated === undefined;
}

/** Whether there are figures at all. */
export function wasMeasured(point: PointSummary): boolean {
  return point.status !== 'skipped' && point.sent > 0;
}

/** Everything a reader must know about a point before using it; `!` where its figures are not sound. */
export function remarksOf(point: PointSummary): string[] {
  const { status, validity, state, contaminated } = point;
  const because = validity === 'valid' ? '' : `: ${display(validity)}`;
  if (status === 'skipped') return [`skipped${because}`];
  const duration = `${point.durationSeconds.toFixed(1)} s`;
  const suggested = state?.suggestedDurationSeconds;
  // The reason may already name the duration.
  const advice =
    suggested === undefined || state?.reason.includes('--duration') ? '' : ` (try --duration ${suggested}s)`;
  const telling = state !== undefined && state.state !== 'steady' && state.state !== 'unknown';
  return [
    ...(status === 'interrupted' ? [`! interrupted after ${duration}`] : []),
    ...(status === 'cut' ? [`! cut short by the operator after ${duration}`] : []),
    ...(status === 'aborted' ? [`! aborted after ${duration}`] : []),
    ...(validity === 'valid' ? [] : [`! ${display(validity)}`]),
    ...(contaminated === undefined ? [] : [`! contaminated: ${display(contaminated)}`]),
    ...(telling ? [`${state.state}: ${display(state.reason)}${advice}`] : []),
  ];
}

/**
 * The knee in a sentence; nothing where the run does not know about states. Under an elastic profile the group changes
 * meanwhile, so that there is none: what the group did takes its place.
 */
export function kneeLine({ knee, points, elastic }: SweepReport): string[] {
  if (elastic !== undefined) return elasticLines(elastic);
  if (knee !== undefined) {
    const { undecided = [], above } = knee;
    const open =
      undecided.length === 0
        ? []
        : [`${undecided.join(', ')} rps ${undecided.length === 1 ? 'is' : 'are'} not decided`];
    const end = above === undefined ? [] : [`${above} rps was not sustained`];
    const what = [...open, ...end].join(', and ') || 'the ladder ended before the target did';
    return [`Knee: ${knee.rate} rps is the highest rate that was sustained; ${what}.`];
  }
  const judged = points.filter(({ state }) => state !== undefined);
  if (judged.length === 0) return [];
  if (judged.some((point) => isSustained(point) === false)) return ['Knee: no point was sustained.'];
  return ['Knee: not decided: no point tells whether the target keeps up.'];
}

/** One line per threshold: where it failed and with what. */
export function sloLines({ slos = [] }: SweepReport): string[] {
  return slos.map(({ expression, passed, points }) => {
    const failed = points.filter((point) => !point.passed);
    const where = failed.map(({ rate, observed }) => `${rate} rps (${display(observed)})`).join(', ');
    if (points.length === 0) return `SLO ${expression}: not decided: no valid point`;
    if (passed && failed.length === 0) return `SLO ${expression}: passed at every point (${points.length})`;
    return `SLO ${expression}: ${passed ? 'passed, not' : 'FAILED'} at ${where || 'no single point'}`;
  });
}
