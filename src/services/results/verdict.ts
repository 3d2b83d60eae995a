import type { ElasticOutcome } from '../load/elastic-outcome.ts';
import { unitOf } from '../load/offered.ts';
import { isSustained } from '../load/stats/knee.ts';
import { isFailed, isValid } from '../load/stats/validity.ts';
import type { Percentiles, PointState, PointSummary, SweepReport } from '../load/types.ts';
import { plural } from '../words.ts';
import { littleRemark, sessionRemark } from './loop-remarks.ts';
import { display, failureText, timeText } from './text.ts';

/** Answers from which on a percentile says something that a lower one does not; of fewer it is the slowest answer. */
const ENOUGH: Percentiles = { p50: 1, p90: 2, p95: 2, p99: 10 };
/** One or two requests come at a rate only by the clock of the window. */
const RATE_REQUESTS = 3;

/**
 * What to think of a point, in one word for a column; the sentences stand in {@link remarksOf}. The gravest thing first:
 * what makes the figures useless stands before what they say about the target.
 */
export function verdictOf(point: PointSummary) {
  if (point.status !== 'complete') return point.status;
  if (!isValid(point)) return 'invalid';
  if (point.contaminated !== undefined) return 'contaminated';
  if (isFailed(point)) return 'failed';
  // Runs of the first versions do not know about states.
  if (point.state === undefined) return 'valid';
  return stateWord(point, point.state);
}

/** The state as people read it: where nothing is known of the target, whether too many failed or the point does not tell. */
function stateWord(point: PointSummary, { state }: PointState) {
  if (state !== 'unknown') return state;
  return isSustained(point) === false ? 'failing' : 'undecided';
}

/** What `--until-certain` came to. */
function certaintyOf({ certainty }: PointSummary): string[] {
  if (certainty === undefined) return [];
  const { metric, estimate, upper, width, count, reached } = certainty;
  const asked = `${Number((100 * width).toFixed(2))} %`;
  if (upper === undefined)
    return [`${metric} is not certain: too few of ${plural(count, 'answer')} are independent for an upper bound`];
  const bound = `${timeText(estimate)}, with 99 % confidence at most ${timeText(upper)}`;
  const above = estimate > 0 ? `${(100 * (upper / estimate - 1)).toFixed(1)} % above` : 'above';
  return [`${metric} is ${reached ? '' : 'not '}certain to ${asked}: ${bound}, ${above}, of ${count} answers`];
}

/** That a part of the successes came after the window, where `ok/s` leaves them out. */
function workedOff({ okAfterWindow = 0, okRps, durationSeconds, outcomes }: PointSummary): string[] {
  const within = okRps * durationSeconds;
  // The last one may stand for a gap that reaches beyond the window; a backlog is more than one request.
  if (okAfterWindow === 0 || within > outcomes.ok - 1.5) return [];
  const left = Math.round(outcomes.ok - within);
  return [
    `${okAfterWindow} of ${outcomes.ok} successes came after the window: ok/s leaves out ${left} that were no part of it`,
  ];
}

/** That not one request succeeded, and why, where all failed alike. */
function failedAlike(point: PointSummary): string[] {
  const { sent, errorsByClass } = point;
  const [first, ...others] = Object.keys(errorsByClass);
  if (!isFailed(point) || first === undefined) return [];
  if (others.length > 0) return [`failed: not one of ${sent} requests succeeded`];
  const error = [display(first), failureText(point, first)].filter((text) => text !== '');
  return [`failed: ${sent === 1 ? 'the only request' : `all ${sent} requests`} ended with ${error.join(': ')}`];
}

/** Whether the figures say something about the target: measured to the end, valid, and not under an older load. */
export function isSound(point: PointSummary): boolean {
  return point.status === 'complete' && isValid(point) && point.contaminated === undefined;
}

/** Whether there are figures at all. */
export function wasMeasured(point: PointSummary): boolean {
  return point.status !== 'skipped' && point.sent > 0;
}

/** A percentile of the response time, milliseconds; undefined where so few answers do not tell it. */
export function percentileOf({ response }: PointSummary, name: keyof Percentiles): number | undefined {
  return response === undefined || response.count < ENOUGH[name] ? undefined : response[name];
}

/** Whether a point tells at what rate it was served; nothing that succeeded is a rate of none. */
export function isServed(point: Pick<PointSummary, 'sent' | 'outcomes'> | undefined): boolean {
  return point !== undefined && (isRate(point.sent) || point.outcomes.ok === 0);
}

/** Whether so many requests have come at a rate. */
export function isRate(sent: number): boolean {
  return sent >= RATE_REQUESTS;
}

/** What a reason ends with where it names a better duration. */
const ADVICE = /; --duration \d+s would show more$/;

const STOPPED: Partial<Readonly<Record<PointSummary['status'], string>>> = {
  interrupted: 'interrupted',
  cut: 'cut short by the operator',
  aborted: 'aborted',
};

/** What a reader must know of a point, `!` before what makes it unsound. `advise`: a better duration is of use. */
export function remarksOf(point: PointSummary, advise = true): string[] {
  const { status, state, contaminated } = point;
  const invalid = isValid(point) ? [] : [display(point.validity)];
  if (status === 'skipped') return [['skipped', ...invalid].join(': ')];
  const stopped = STOPPED[status];
  return [
    ...(stopped === undefined ? [] : [`! ${stopped} after ${point.durationSeconds.toFixed(1)} s`]),
    ...invalid.map((why) => `! ${why}`),
    ...(contaminated === undefined ? [] : [`! contaminated: ${display(contaminated)}`]),
    ...(state === undefined || state.state === 'steady' || verdictOf(point) === 'failed'
      ? []
      : [`${stateWord(point, state)}: ${stateReason(state, advise)}`]),
    ...failedAlike(point),
    ...sentAgain(point),
    ...workedOff(point),
    ...certaintyOf(point),
    ...sessionRemark(point),
    ...littleRemark(point),
  ];
}

function sentAgain({ retried }: PointSummary): string[] {
  if (retried === undefined) return [];
  return [`${plural(retried, 'request')} given to another connection, before a byte was written to the first`];
}

function stateReason({ reason, suggestedDurationSeconds: seconds }: PointState, advise: boolean): string {
  if (!advise) return display(reason.replace(ADVICE, ''));
  // The reason may already name the duration.
  const isNamed = seconds === undefined || reason.includes('--duration');
  return `${display(reason)}${isNamed ? '' : ` (try --duration ${seconds}s)`}`;
}

/** What a group did under an elastic profile, in a sentence. */
export function elasticLines(elastic: ElasticOutcome): string[] {
  const { group, startSize, peakSize, endSize, size, unseenSeconds, scaledIn, phases } = elastic;
  const of = size === undefined ? '' : ` of ${size}`;
  const top = Math.max(...phases.map(({ rate }) => rate));
  const seen = unseenSeconds === undefined ? '' : `, as last seen ${Math.round(unseenSeconds)} s before`;
  const back =
    scaledIn === undefined
      ? '; the profile was not offered to its end'
      : scaledIn
        ? `, and back to ${endSize}`
        : `, and still had ${endSize} when the wait for scale-in was over${seen}`;
  return [`Group: ${display(group)} went from ${startSize} to ${peakSize}${of} at up to ${top} rps${back}.`];
}

function ratesOf(points: readonly PointSummary[]): number[] {
  return [...new Set(points.map(({ rate }) => rate))];
}

/** One line per threshold: where it failed and with what, and where it could not be decided. */
export function sloLines({ slos = [], plan, limit, knee }: SweepReport): string[] {
  return slos.map(({ expression, passed, points, undecided = [] }) => {
    const failed = points.filter((point) => !point.passed);
    const where = failed.map(({ rate, observed }) => `${rate} ${unitOf(plan)} (${display(observed)})`).join(', ');
    const open = undecided.map(({ rate, why }) => `${rate} ${unitOf(plan)} (${display(bare(why))})`).join(', ');
    const slo = `SLO ${expression}:`;
    if (points.length === 0) return `${slo} not decided${open === '' ? ': no valid point' : ` at ${open}`}`;
    const doubt = open === '' ? '' : `; not decided at ${open}`;
    if (failed.length > 0) return `${slo} ${passed ? 'passed, not' : 'FAILED'} at ${where}${doubt}`;
    if (doubt !== '') return `${slo} not decided at ${open}; passed at ${plural(points.length, 'other point')}`;
    if (passed && limit !== undefined && knee !== undefined)
      return `${slo} passed at ${knee.rate} ${unitOf(plan)} (${display(points[0]?.observed ?? '')})`;
    return passed ? `${slo} passed at every point (${points.length})` : `${slo} FAILED at no single point`;
  });
}

/** `invalid`: the remarks say why. */
function bare(why: string): string {
  return why.replace(/^invalid: .*/s, 'invalid');
}

/**
 * Why a run that ended well proves less than was asked of it, beside its thresholds: a point that says nothing of the
 * target is not fine. Empty where all was looked at.
 */
export function unproven({ points, plan }: Pick<SweepReport, 'points' | 'plan'>): string[] {
  const offered = points.filter(({ status }) => status !== 'skipped');
  const invalid = offered.filter((point) => !isValid(point));
  const rates = ratesOf(invalid).join(', ');
  if (offered.length > 0 && invalid.length === offered.length) {
    return [`Nothing was decided: ${offered.length === 1 ? 'the only point is' : 'all points are'} invalid.`];
  }
  const isGoodOpen = plan.goodput !== undefined && invalid.length > 0;
  const uncertain =
    plan.untilCertain === undefined
      ? []
      : offered.filter((point) => !isValid(point) || point.certainty?.reached !== true);
  const { metric = '' } = plan.untilCertain ?? {};
  return [
    ...(isGoodOpen ? [`Good requests: not decided at ${rates} ${unitOf(plan)}, where the point is invalid.`] : []),
    ...(uncertain.length === 0 ? [] : [`${metric}: not certain at ${ratesOf(uncertain).join(', ')} ${unitOf(plan)}.`]),
  ];
}
