import { defined } from '../../defined.ts';
import { formatRate, plural } from '../../words.ts';
import { aboutTokens } from '../prompt.ts';
import { OTHER, topCounts } from '../stats/counts.ts';
import { isSustained } from '../stats/knee.ts';
import { isFailed, isValid } from '../stats/validity.ts';
import type { PointSummary } from '../types.ts';
import type { Experience, Findings, Known, QuickKnee } from './found.ts';
import { nextCommands } from './next-commands.ts';
import {
  capacityOf,
  GAIN,
  isSaturated,
  isTooBusy,
  mostAtOnce,
  paceOf,
  type Refusal,
  refusalOf,
  sentIn,
} from './quick-plan.ts';
import type { QuickRuns } from './run-quick.ts';

/** What the points of a quick look come to. Pure. */
export function findingsOf(runs: QuickRuns, sameFlags: readonly string[] = []): Findings {
  const { doubling, search, prompt, maxTokens } = runs;
  const { points } = doubling;
  const all = [...points, ...(search?.points ?? [])];
  const capacity = capacityOf(points);
  const alone = points.find(({ rate, outcomes }) => rate === 1 && outcomes.ok > 0);
  const knee = kneeOf(search);
  const saturated = isSaturated(points) || isBoundBy(search, capacity?.rps);
  const crowd = saturated && capacity ? crowdOf(capacity.enough, points) : undefined;
  const ratio = capacity && alone && alone.okRps > 0 ? capacity.rps / alone.okRps : undefined;
  const most = capacity && experienceOf(capacity.best);
  const figures = {
    asked: { ...promptTokens(all, prompt), ...defined({ maxTokens }) },
    requests: sentIn(all),
    alone: alone && experienceOf(alone),
    full: capacity && experienceOf(capacity.enough),
    most: most && defined({ concurrent: most.concurrent, rps: most.rps, tokensPerSecond: most.tokensPerSecond }),
    isSaturated: saturated,
    crowd,
    refused: refusalOf(points),
    parallel: crowd === 'wait' && ratio !== undefined ? Math.max(1, Math.round(ratio)) : undefined,
    machineLimit: machineLimitOf(points),
    knee,
    failures: failuresOf(all),
  };
  const known = defined(figures);
  return { ...known, unknown: unknownOf(runs, known), next: nextCommands(runs, known, sameFlags) };
}

function experienceOf(point: PointSummary): Experience {
  const { rate, okRps, response, stream, tokens, sent, outcomes } = point;
  const tpot = stream?.tpot?.p50;
  return defined({
    concurrent: rate,
    answers: outcomes.ok,
    rps: okRps,
    ttftMs: stream?.ttft?.p50,
    responseMs: response?.p50,
    tokensPerSecondPerUser: stream?.perUser?.p50 ?? (tpot === undefined || tpot === 0 ? undefined : 1000 / tpot),
    tokensPerSecond: stream?.outputTokensPerSecond ?? tokens?.outputPerSecond,
    answerTokens: tokens?.answers === undefined ? undefined : tokens.output / tokens.answers,
    isEstimate: (tokens?.estimated ?? 0) > 0 ? true : undefined,
    isLate: isValid(point) || isFailed(point) ? undefined : true,
    failed: sent - outcomes.ok,
  });
}

function promptTokens(points: readonly PointSummary[], prompt: string): Omit<Findings['asked'], 'maxTokens'> {
  const told = points.filter(({ tokens }) => (tokens?.prompt ?? 0) > 0);
  const sum = (of: 'prompt' | 'answers') => told.reduce((all, { tokens }) => all + (tokens?.[of] ?? 0), 0);
  return told.length === 0 || sum('answers') === 0
    ? { promptTokens: aboutTokens(prompt), isEstimate: true }
    : { promptTokens: Math.round(sum('prompt') / sum('answers')) };
}

/** Tokens of an answer come so much slower than with fewer at once, and all of them share what there is. */
const SLOWER = 0.75;
/** Answers of fewer say more about chance. */
const TELLING = 4;

/** What more at once than are enough did to each: where tokens come as fast as before, they had waited for their turn. */
function crowdOf(enough: PointSummary, points: readonly PointSummary[]): Findings['crowd'] {
  const more = points.findLast((point) => isValid(point) && point.rate > enough.rate);
  const speed = (point: PointSummary | undefined) =>
    point && point.outcomes.ok >= TELLING ? experienceOf(point).tokensPerSecondPerUser : undefined;
  const [before, after] = [speed(points.find(({ rate }) => rate === 1) ?? enough), speed(more)];
  if (before === undefined || after === undefined) return undefined;
  return after < SLOWER * before ? 'share' : 'wait';
}

/** The first number of requests from which on no point says anything of the target, where there is more than one. */
function machineLimitOf(points: readonly PointSummary[]): Findings['machineLimit'] {
  const valid = points.findLastIndex(isValid);
  const late = points.slice(valid + 1).filter(({ status }) => status === 'complete');
  const [first, next] = late;
  if (first === undefined || next === undefined) return undefined;
  return { concurrent: first.rate, rps: Math.max(...late.map(({ okRps }) => okRps)) };
}

/**
 * Whether a rate that was not sustained shows that more at once bring no more, where these did not show it themselves: more
 * was asked for, nothing was refused, and no more came.
 */
function isBoundBy(search: QuickRuns['search'], rps = 0): boolean {
  const missed = missedOf(search?.points ?? []);
  return missed !== undefined && failedOf(missed) === undefined && Math.min(missed.rate, missed.servedRps) < GAIN * rps;
}

/** The lowest rate that was not sustained. */
function missedOf(points: readonly PointSummary[]): PointSummary | undefined {
  return points.filter((point) => isSustained(point) === false).toSorted((a, b) => a.rate - b.rate)[0];
}

function kneeOf(search: QuickRuns['search']): QuickKnee | undefined {
  if (search === undefined) return undefined;
  const { knee, points, plan } = search;
  const missed = missedOf(points);
  if (knee === undefined && missed === undefined) return undefined;
  const best = points.find(({ index }) => index === knee?.index);
  const [top] = plan.rates.toSorted((a, b) => b - a);
  return defined({
    rps: knee?.rate,
    seconds: best?.durationSeconds,
    below: missed?.rate,
    refused: missed && failedOf(missed),
    unmeasured: search.searched?.unmeasured?.map(({ rate }) => rate),
    isTop: knee !== undefined && knee.rate === top ? true : undefined,
  });
}

/** More than chance, and more than any target has now and then. */
const MANY_FAILED = 0.02;

function failedOf({ rate, sent, outcomes, errorsByClass }: PointSummary): Refusal | undefined {
  const failed = sent - outcomes.ok;
  const [[why] = ['']] = topCounts(Object.entries(errorsByClass), 1);
  return failed <= MANY_FAILED * sent ? undefined : { concurrent: rate, failed, sent, why };
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

const BUSY = 'this machine did not send or read on time, so that its own delay would be in the figures';

function unknownOf({ doubling, search, isStreamed, aloneSeconds, status, failure }: QuickRuns, known: Known): string[] {
  const { points } = doubling;
  const most = mostAtOnce(points);
  const capacity = capacityOf(points)?.rps;
  const few =
    capacity === undefined
      ? BUSY
      : `a minute has no room for it: an answer takes ${paceOf(aloneSeconds, points).toFixed(1)} s, and ${formatRate(capacity)} come a second`;
  const more =
    known.machineLimit === undefined ? `what more than ${plural(most, 'request')} at once would bring` : undefined;
  return [
    ...(isStreamed ? [] : ['first token and tokens per second of a user: its answers come in one piece']),
    ...(known.alone?.isEstimate ? ['exact tokens: the server does not tell them, and events stand for tokens'] : []),
    ...(known.isSaturated || known.refused !== undefined || most === 0 || more === undefined ? [] : [more]),
    ...(known.knee === undefined ? [`the knee, the highest rate that it sustains: ${whyNoKnee()}`] : []),
  ];

  function whyNoKnee(): string {
    if (status === 'interrupted') return 'it was stopped before';
    if (failure !== undefined) return 'the search for it failed';
    if (points.every(isFailed)) return 'nothing succeeded';
    if (search === undefined) return known.machineLimit === undefined ? few : BUSY;
    return isTooBusy(search.points) ? BUSY : 'no point that short could say that a rate is sustained';
  }
}
