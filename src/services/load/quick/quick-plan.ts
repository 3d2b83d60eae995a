import type { NextStep, Step } from '../profiles/profile.ts';
import { aboutTokens } from '../prompt.ts';
import { byCount } from '../stats/counts.ts';
import { isValid, LOCAL_LIMITS } from '../stats/validity.ts';
import type { PointSummary } from '../types.ts';

/** Part of the time after which no further number of requests is kept open. */
const DOUBLING_SHARE = 0.5;
/** Most requests that are open together. */
const LADDER: readonly number[] = [1, 2, 4, 8, 16, 32, 64];
/** Twice as many at once that get less than this much more done are more than the target takes. */
export const GAIN = 1.2;
/** Answers from so many seconds on are long: a point has each place filled once, and nothing is offered at a rate. */
const LONG_SECONDS = 1.5;
/** But of few at once so many are asked for, where that takes no longer: a single figure says little. */
const FEW = { requests: 5, seconds: 15 } as const;

/** What may be sent. */
export interface Bounds {
  /** Requests of one point. */
  readonly perPoint: number;
  /** Of all points together, beside the few before. */
  readonly total: number;
  readonly ladder: readonly number[];
}

/** Nobody bills for requests on this machine or in its network; that many only a server gets that answers hundreds a second. */
export const FREE: Bounds = { perPoint: 1500, total: 12_000, ladder: LADDER };
/** What somebody may bill for. */
export const BILLED: Bounds = { perPoint: 30, total: 200, ladder: [1, 2, 4, 8] };

/** Requests that may be sent in all; up to seven before the points show how one has to be asked, and how long it takes. */
function mostRequests({ total }: Bounds): number {
  return total + 7;
}

/** What is going to be sent to somebody who may bill for it. */
export function billedText(
  bounds: Bounds,
  asked: { readonly targetUrl: string; readonly prompt: string; readonly maxTokens: number | undefined },
): string {
  const { targetUrl, prompt, maxTokens } = asked;
  const most = mostRequests(bounds);
  const tokens = aboutTokens(prompt);
  const thousands = (count: number) => Math.round(count / 1000);
  const answers =
    maxTokens === undefined
      ? 'answers are as long as it makes them'
      : `answers of at most ${maxTokens} tokens each (${thousands(most * maxTokens)},000)`;
  return `sending up to ${most} requests to ${targetUrl}: prompts of about ${tokens} tokens each (${thousands(most * tokens)},000 in all), ${answers}`;
}

/** The numbers of requests that are kept open: each lasts as long as answers do, until more at once bring no more. */
export function boundDoubling(seconds: number, bounds: Bounds, leftSeconds: () => number, totalSeconds: number) {
  return (next: NextStep): NextStep =>
    (done) => {
      const step = next(done);
      if (step === undefined || 'problem' in step || isSaturated(done) || refusalOf(done) !== undefined)
        return undefined;
      if (isTooBusy(done)) return undefined;
      const last = done.at(-1);
      // In a row, twice as many take twice as long.
      const foreseen = last === undefined ? seconds : 2 * wallSeconds(last);
      // Where there is no search to come, all of the time is theirs.
      const kept = paceOf(seconds, done) >= LONG_SECONDS ? 0 : (1 - DOUBLING_SHARE) * totalSeconds;
      if (done.length > 0 && leftSeconds() - foreseen < kept) return undefined;
      const most = Math.min(bounds.perPoint, bounds.total / 2 - sentIn(done));
      if (most < step.rate) return undefined;
      return { ...step, ...stepTerms(paceOf(seconds, done), step.rate, most, last?.okRps || undefined) };
    };
}

/** How long so many at once are kept open, seconds, where one answer takes so long. */
export function windowFor(seconds: number): number {
  if (seconds >= LONG_SECONDS) return seconds;
  // Even where those that were alone before wait for each other now, each place is filled twice.
  return Math.ceil(10 * Math.max(4 * seconds, Math.min(4, Math.max(1.5, 8 * seconds)))) / 10;
}

/** Twice as many at once get at most twice as much done; what is more is refused at once, and asked for again. */
const EXPECTED = 2.5;

function stepTerms(seconds: number, open: number, most: number, before = 1 / seconds) {
  if (seconds >= LONG_SECONDS) {
    const rounds = Math.min(Math.ceil(FEW.requests / open), Math.floor(FEW.seconds / seconds));
    return { requests: Math.floor(Math.min(most, open * Math.max(1, rounds))), durationSeconds: 20 * seconds };
  }
  const durationSeconds = windowFor(seconds);
  const expected = Math.ceil(EXPECTED * before * durationSeconds) + 2 * open;
  return { requests: Math.floor(Math.min(most, expected)), durationSeconds };
}

/** What an answer takes, seconds: at first, or since then where that is longer. */
export function paceOf(seconds: number, points: readonly PointSummary[]): number {
  const [alone] = points;
  return Math.max(seconds, (alone?.response?.p50 ?? 0) / 1000);
}

/** About from the first request to the last answer. */
function wallSeconds({ durationSeconds, response }: PointSummary): number {
  return Math.max(durationSeconds, (response?.max ?? 0) / 1000);
}

export function sentIn(points: readonly PointSummary[]): number {
  return points.reduce((sum, { sent }) => sum + sent, 0);
}

/** The most at once of which anything is known; 0 where nothing is. */
export function mostAtOnce(points: readonly PointSummary[]): number {
  return points.findLast((point) => point.status === 'complete' && isValid(point))?.rate ?? 0;
}

/** Whether the last number of requests got hardly more done than the one before, and not because it was refused. */
export function isSaturated(points: readonly PointSummary[]): boolean {
  const [before, last] = lastTwo(points);
  if (before === undefined || last === undefined || refusalOf(points) !== undefined) return false;
  return last.okRps < GAIN * before.okRps;
}

/** More of the requests than before that fail by at least this share are the target's answer to more at once. */
const REFUSED_SHARE = 0.05;

/** Of how many requests at once the target refused some that it did not refuse of fewer. */
export interface Refusal {
  readonly concurrent: number;
  readonly failed: number;
  readonly sent: number;
  /** The class of most of them: a status, or what else went wrong. */
  readonly why: string;
}

/**
 * What came of the last number of requests, where many of them failed; undefined where no more did than of fewer. That a
 * target refuses is so, however late this machine was.
 */
export function refusalOf(points: readonly PointSummary[]): Refusal | undefined {
  const [before, last] = points.slice(-2);
  if (before === undefined || last === undefined || failedShare(last) < failedShare(before) + REFUSED_SHARE)
    return undefined;
  const [[why] = ['']] = byCount(Object.entries(last.errorsByClass));
  if (LOCAL_LIMITS.includes(why)) return undefined;
  return { concurrent: last.rate, failed: last.sent - last.outcomes.ok, sent: last.sent, why };
}

/** Points that only say something of this machine say nothing of the target. */
function lastTwo(points: readonly PointSummary[]) {
  const [before, last] = points.filter(isValid).slice(-2);
  return last === undefined ? [] : [before, last];
}

function failedShare({ sent, outcomes }: PointSummary): number {
  return sent === 0 ? 0 : 1 - outcomes.ok / sent;
}

/** A search for the knee around what the target gets done. */
export interface SearchPlan {
  readonly low: number;
  readonly high: number;
  readonly durationSeconds: number;
}

/** Requests from which on a short point tells something. */
const TELLING = 20;
const FEWEST_POINTS = 3;
/** As many as a search takes where points tell. */
const USUAL_POINTS = 7;
/** So many points in a row that only say something about this machine, and the next ones will not say more. */
const ENOUGH_INVALID = 4;

/**
 * The search that the rest of the time has room for.
 *
 * @param seconds that one answer takes alone
 * @returns undefined where there is no room for so many points that tell anything
 */
export function planSearch(
  points: readonly PointSummary[],
  seconds: number,
  leftSeconds: number,
): SearchPlan | undefined {
  const capacity = capacityOf(points);
  if (capacity === undefined || capacity.rps <= 0) return undefined;
  const low = neat(0.4 * capacity.rps);
  const high = neat((capacity.isBound ? 1.15 : 1.6) * capacity.rps);
  const least = Math.ceil(Math.max(3, TELLING / low, 5 * seconds));
  if (FEWEST_POINTS * (least + 1) > leftSeconds) return undefined;
  return { low, high, durationSeconds: Math.max(least, Math.floor(leftSeconds / USUAL_POINTS)) };
}

/** Ends a search in time, and before it has sent too much. */
export function boundSearch(bounds: Bounds, sentBefore: number, leftSeconds: () => number, durationSeconds: number) {
  return (next: NextStep): NextStep =>
    (done) => {
      if (isTooBusy(done)) return undefined;
      const step = spoiled(done) ?? next(done);
      if (step === undefined || 'problem' in step) return step;
      const left = Math.min(bounds.perPoint, bounds.total - sentBefore - sentIn(done));
      if (left < TELLING / 2) return undefined;
      const wanted = Math.min(step.durationSeconds ?? durationSeconds, 2 * durationSeconds);
      // A point lasts as long as it sends.
      const seconds = Math.min(wanted, Math.max(1, left / step.rate));
      if (seconds > leftSeconds() + durationSeconds / 2) return undefined;
      return { ...step, durationSeconds: seconds, requests: left };
    };
}

/** A point that this machine spoiled, once more: it may have been busy for a moment. */
function spoiled(done: readonly PointSummary[]): Step | undefined {
  const [before, last] = [done.at(-2), done.at(-1)];
  if (last === undefined || isValid(last) || before?.rate === last.rate) return undefined;
  return { index: done.length, rate: last.rate };
}

/** Whether this machine could not send on time, point after point. */
export function isTooBusy(points: readonly PointSummary[]): boolean {
  return points.length >= ENOUGH_INVALID && !points.slice(-ENOUGH_INVALID).some(isValid);
}

/** Whether more at once brought no more, or were refused. */
function isBound(points: readonly PointSummary[]): boolean {
  return isSaturated(points) || refusalOf(points) !== undefined;
}

/** The most that was done, and at how many at once; see {@link isBound}. */
export function capacityOf(points: readonly PointSummary[]) {
  // Where most are refused at once, a point is short, and what it got done is chance.
  const served = refusalOf(points) === undefined ? points : points.slice(0, -1);
  const usable = served.filter((point) => point.status === 'complete' && isValid(point) && point.outcomes.ok > 0);
  const best = usable.toSorted((a, b) => b.okRps - a.okRps)[0];
  if (best === undefined) return undefined;
  // Of numbers that get about the same done, the smallest is enough.
  const enough = usable.find((point) => GAIN * point.okRps > best.okRps) ?? best;
  return { rps: best.okRps, best, enough, isBound: isBound(points) };
}

/** Three digits. */
function neat(rate: number): number {
  return Number(rate.toPrecision(3));
}
