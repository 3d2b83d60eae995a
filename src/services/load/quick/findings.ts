import { defined } from '../../defined.ts';
import { plural, shellWord } from '../../words.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import { OTHER, topCounts } from '../stats/counts.ts';
import type { PointSummary } from '../types.ts';
import { capacityOf, isSaturated, isTooBusy, type Refusal, refusalOf } from './quick-plan.ts';
import { ANSWER_TOKENS, type QuickRuns } from './run-quick.ts';

/** What a user of the target gets, of one number of requests at once. */
export interface Experience {
  readonly concurrent: number;
  /** Answers per second, of all together. */
  readonly rps: number;
  /** Medians: first token, whole answer, milliseconds; tokens per second of one answer. */
  readonly ttftMs?: number;
  readonly responseMs?: number;
  readonly tokensPerSecondPerUser?: number;
  /** Of all answers together. */
  readonly tokensPerSecond?: number;
  readonly failed: number;
}

/** What a quick look has found. */
export interface Findings {
  readonly alone?: Experience;
  /** At the number of requests from which on more bring no more; or the most that were tried. */
  readonly full?: Experience;
  /** Whether more at once would bring no more. */
  readonly isSaturated: boolean;
  /** What says that more at once are refused. */
  readonly refused?: Refusal;
  /** About how many requests it works on at once, by what more of them bring. */
  readonly parallel?: number;
  /** The highest rate that it sustained, and the lowest that it did not, requests per second. */
  readonly knee?: {
    readonly rps: number;
    readonly below?: number;
    /** Rates in between that could not be measured: it is a lower bound. */
    readonly unmeasured?: readonly number[];
  };
  /** What failed, and why. */
  readonly failures: readonly string[];
  /** What a minute did not tell. */
  readonly unknown: readonly string[];
  /** To be pasted. */
  readonly next: readonly string[];
}

/** What the points of a quick look come to. Pure. */
export function findingsOf(runs: QuickRuns, keyFlags: readonly string[] = []): Findings {
  const { doubling, search, aloneSeconds } = runs;
  const { points } = doubling;
  const capacity = capacityOf(points);
  const alone = points.find(({ rate, outcomes }) => rate === 1 && outcomes.ok > 0);
  const saturated = isSaturated(points);
  const refused = refusalOf(points);
  const ratio = capacity && alone && alone.okRps > 0 ? capacity.rps / alone.okRps : undefined;
  const knee = search?.knee;
  return defined({
    alone: alone && experienceOf(alone),
    full: capacity && experienceOf(capacity.enough),
    isSaturated: saturated,
    refused,
    parallel: saturated && ratio !== undefined ? Math.max(1, Math.round(ratio)) : undefined,
    knee:
      knee &&
      defined({ rps: knee.rate, below: knee.above, unmeasured: search?.searched?.unmeasured?.map(({ rate }) => rate) }),
    failures: failuresOf([...points, ...(search?.points ?? [])]),
    unknown: unknownOf(runs, saturated || refused !== undefined),
    next: nextOf(runs, capacity?.rps ?? 1 / aloneSeconds, keyFlags),
  });
}

function experienceOf({ rate, okRps, response, stream, tokens, sent, outcomes }: PointSummary): Experience {
  const tpot = stream?.tpot?.p50;
  return defined({
    concurrent: rate,
    rps: okRps,
    ttftMs: stream?.ttft?.p50,
    responseMs: response?.p50,
    tokensPerSecondPerUser: stream?.perUser?.p50 ?? (tpot === undefined || tpot === 0 ? undefined : 1000 / tpot),
    tokensPerSecond: stream?.outputTokensPerSecond ?? tokens?.outputPerSecond,
    failed: sent - outcomes.ok,
  });
}

/** Kinds of failures that are named; a target may make up new ones for ever. */
const MOST_FAILURES = 5;

function failuresOf(points: readonly PointSummary[]): string[] {
  const counts = new Map<string, number>();
  for (const { errorsByClass, errorTexts } of points) {
    for (const [name, count] of Object.entries(errorsByClass)) {
      const text = errorTexts?.[name];
      const key = text === undefined || name === OTHER ? name : `${name}: ${text}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  return topCounts(counts, MOST_FAILURES).map(([what, count]) => `${count} x ${what}`);
}

function unknownOf({ doubling, search, isStreamed, aloneSeconds }: QuickRuns, isBound: boolean): string[] {
  const most = doubling.points.at(-1)?.rate ?? 0;
  const slowest = Math.max(aloneSeconds, ...doubling.points.map(({ response }) => (response?.p50 ?? 0) / 1000));
  const { points } = doubling;
  const isJudged = capacityOf(points) !== undefined || points.every(({ outcomes }) => outcomes.ok === 0);
  const long = isJudged
    ? `answers of ${slowest.toFixed(1)} s are too long for it`
    : 'this machine was too busy with other things to send on time';
  return [
    ...(isStreamed ? [] : ['first token and tokens per second of a user: its answers come in one piece']),
    ...(isBound || most === 0 ? [] : [`what more than ${plural(most, 'request')} at once would bring`]),
    ...(search === undefined ? [`the knee, the highest rate that it sustains: ${long}`] : []),
    ...(search === undefined || search.knee !== undefined
      ? []
      : [
          isTooBusy(search.points)
            ? 'the knee: this machine was too busy with other things to send on time'
            : 'the knee: no point that short could say that a rate is sustained',
        ]),
  ];
}

/** What to try next, with room around what was found. */
function nextOf(runs: QuickRuns, rps: number, keyFlags: readonly string[]): string[] {
  const { targetUrl, api, model, isStreamed, aloneSeconds, search, doubling } = runs;
  const words = [
    ...['chainctl', 'load', '--target', targetUrl, '--api', api],
    ...(model === undefined ? [] : ['--model', model]),
    ...(isStreamed ? ['--stream'] : []),
    ...(protocolNamed(api).models === undefined ? [] : ['--max-tokens', String(ANSWER_TOKENS)]),
    ...keyFlags,
  ];
  const known = search?.knee?.rate ?? rps;
  const [low, high] = [short(known / 2), short(known * 1.5)];
  // A point has to be many answers long.
  const seconds = Math.ceil(Math.max(30, 8 * aloneSeconds, 60 / known) / 10) * 10;
  const most = doubling.points.at(-1)?.rate ?? 1;
  const isBound = isSaturated(doubling.points) || refusalOf(doubling.points) !== undefined;
  return [
    [...words, '--rps', `${low},${high}`, '--find-knee', '--duration', `${seconds}s`],
    [...words, '--concurrency', String(isBound ? most : 2 * most), '--duration', `${seconds}s`],
  ].map((each) => each.map(shellWord).join(' '));
}

function short(rate: number): number {
  return Number(rate.toPrecision(2));
}
