import { formatSeconds } from '../../../durations.ts';
import { defined } from '../../defined.ts';
import { plural } from '../../words.ts';
import { ENOUGH } from '../profiles/knee-search.ts';
import type { Note, ProfilePlan } from '../profiles/profile.ts';
import { profileOf } from '../profiles/profiles.ts';
import { sharedPrefixWarning } from '../prompt.ts';
import { protocolOf } from '../protocols/protocols.ts';
import { arrivalsBefore, arrivalsWithin } from '../schedule/arrivals.ts';
import type { SweepPlan } from '../types.ts';
import { describeWorkload } from '../workload/describe.ts';
import type { DrawnLengths } from '../workload/lengths.ts';
import { formatThinkTime } from '../workload/think-time.ts';
import { USUAL_SCALE } from '../workload/token-scale.ts';
import { certaintyNotes } from './certainty-notes.ts';
import { leastWindow, plannedSeconds } from './time-left.ts';

/**
 * Source ports towards one destination. The kernel hands out 28,232 by Linux' default `ip_local_port_range`; the engine
 * takes others below that range too, 50,760 in all. Some are always in use.
 */
const PORT_BUDGET = 50_000;

/** What is asked and when, where it is not one prompt at a rate. */
type Described = Parameters<typeof describeWorkload>[0];

/** How a sweep is to be run; all times in seconds. */
export type SweepSettings = { readonly think?: DrawnLengths } & Pick<
  SweepPlan,
  | 'targetUrl'
  | 'tag'
  | 'rates'
  | 'durationSeconds'
  | 'warmupSeconds'
  | 'timeoutSeconds'
  | 'drainSeconds'
  | 'sharedPrefixTokens'
  | 'api'
  | 'model'
  | 'provider'
  | 'loop'
  | 'requests'
  | 'turns'
  | 'thinkSeconds'
  | 'stream'
> &
  Partial<Described>;

/**
 * The bound of open requests where none was asked for: what source ports and descriptors allow.
 *
 * @param byDescriptors what the generators can have open, as their plan says; infinite without a limit
 */
export function defaultMaxInFlight(byDescriptors: number): number {
  return Math.max(1, Math.min(PORT_BUDGET, byDescriptors));
}

/** What the sweep is going to do, computed before the first request. */
export function planSweep(
  settings: SweepSettings,
  known: Pick<SweepPlan, 'runId' | 'simulated' | 'maxInFlight' | 'probeMs' | 'probeFailure'>,
  own: ProfilePlan = { rates: settings.rates },
  asked: Pick<SweepPlan, 'goodput' | 'untilCertain'> = {},
): SweepPlan {
  const { tag, targetUrl, durationSeconds, warmupSeconds, timeoutSeconds, drainSeconds, sharedPrefixTokens } = settings;
  const { api, model, provider, loop, requests, turns, thinkSeconds, think, stream } = settings;
  const { runId, simulated, maxInFlight, probeMs, probeFailure } = known;
  const { rates } = own;
  const planned = { ...settings, ...own, ...defined({ probeMs, untilCertain: asked.untilCertain }) };
  return defined({
    runId,
    tag,
    targetUrl,
    simulated,
    ...own,
    durationSeconds,
    warmupSeconds,
    timeoutSeconds,
    drainSeconds,
    maxInFlight,
    totalRequests: measuredRequests(planned),
    warmupRequests: warmupRequests(planned),
    estimateSeconds: plannedSeconds(planned),
    sharedPrefixTokens: sharedPrefixTokens || undefined,
    workload: describeWorkload({ seed: 0, ...settings }, Math.ceil(Math.max(...rates) * durationSeconds)),
    ...asked,
    stream: stream || undefined,
    api,
    model,
    provider,
    requests,
    turns,
    thinkSeconds,
    think: think && formatThinkTime(think),
    probeMs,
    probeFailure,
    predictedInFlight:
      probeMs === undefined || loop === 'closed'
        ? undefined
        : rates.map((rate) => predictInFlight(settings, rate, probeMs)),
  });
}

/**
 * Little's law, N = rate * min(W, timeout), with the time of a request that has the target for itself: the least that is
 * to be expected. Never more than are sent.
 */
export function predictInFlight(settings: SweepSettings, rate: number, probeMs: number): number {
  const { timeoutSeconds, warmupSeconds, durationSeconds } = settings;
  return Math.ceil(rate * Math.min(probeMs / 1000, timeoutSeconds, warmupSeconds + durationSeconds) - 1e-9);
}

/** What an operator should know of a plan before the first request. */
export function planNotes(plan: SweepPlan): Note[] {
  const { keeps } = protocolOf(plan);
  const samePrompts = sharedPrefixWarning(keeps, plan.sharedPrefixTokens ?? 0);
  const warnings = [
    ...inFlightWarnings(plan),
    ...(samePrompts === undefined ? [] : [samePrompts]),
    ...cutWarning(plan),
  ];
  return [
    ...(profileOf(plan).notes?.(plan) ?? []),
    ...certaintyNotes(plan),
    ...predictions(plan),
    ...warnings.map((text) => ({ level: 'warn', text }) as const),
  ];
}

/** That a service keeps less of a prompt than is asked for. */
function cutWarning(plan: SweepPlan): string[] {
  const { keeps } = protocolOf(plan);
  const longest = Math.max(0, ...(plan.workload?.asked ?? []).map(({ input }) => input?.p95 ?? 0));
  if (keeps === undefined || longest * USUAL_SCALE.charactersPerToken <= keeps.characters) return [];
  return [
    `${keeps.by} keeps ${keeps.characters} characters of a prompt unless it was deployed with a larger --prompt-chars: ` +
      `of prompts of ${longest} tokens and the like, the rest is cut off`,
  ];
}

/** What the probe predicts, in sentences: for every reader, and as warnings where a limit will be hit. */
export function predictions(plan: SweepPlan): Note[] {
  const { probeMs, predictedInFlight = [], rates, maxInFlight } = plan;
  if (probeMs === undefined || plan.loop === 'closed') return [];
  const most = Math.max(...predictedInFlight);
  const at = rates[predictedInFlight.indexOf(most)];
  const took = probeMs < 1000 ? `${probeMs.toFixed(0)} ms` : `${(probeMs / 1000).toFixed(1)} s`;
  // An open one has other points than its bounds.
  const least = plan.untilCertain === undefined ? '' : 'at least ';
  const all = `; ${least}${plural(plan.totalRequests, 'request')} in ${formatSeconds(plan.estimateSeconds)}, drains of as long included`;
  const alone = `a request alone takes ${took}: at least ${most} in flight at ${at} rps`;
  const over = rates.filter((_, index) => (predictedInFlight[index] ?? 0) > maxInFlight);
  const limited =
    `the points ${over.join(', ')} rps need more than the ${maxInFlight} in flight that descriptors, ports or ` +
    '--max-in-flight allow: they will be invalid';
  return [
    { level: 'info', text: profileOf(plan).isOpen ? alone : alone + all },
    ...(over.length === 0 ? [] : [{ level: 'warn', text: limited } as const]),
    ...shortNote(plan, probeMs / 1000),
  ];
}

/** Answers of a point that tells, at the least, and its length against one of them: below, chance hides a trend. */
const TELLING = { requests: ENOUGH, answers: 4.4, few: 20 } as const;

/**
 * That points may be too short to tell whether the target keeps up, and what is known of a better duration: under load
 * answers take longer than alone. Of fast answers few requests are enough.
 */
function shortNote(plan: SweepPlan, tookSeconds: number): Note[] {
  const { rates, requests = Number.POSITIVE_INFINITY } = plan;
  const lowest = Math.min(...rates);
  const durationSeconds = Math.min(plan.durationSeconds, requests / lowest);
  const tens = (seconds: number) => Math.ceil(seconds / 10) * 10;
  const forAnswers = TELLING.answers * tookSeconds;
  const isFew = durationSeconds < TELLING.few * tookSeconds && durationSeconds * lowest < TELLING.requests;
  const isLong = forAnswers > durationSeconds;
  const long = `answers of ${tookSeconds.toFixed(1)} s ask for ${tens(forAnswers)} s, and for more under load`;
  const few = `${TELLING.requests} requests at ${lowest} rps take ${tens(TELLING.requests / lowest)} s`;
  const reasons = [...(isLong ? [long] : []), ...(isFew ? [few] : [])];
  const { hasKnee, longestSeconds } = profileOf(plan);
  if (reasons.length === 0 || !hasKnee) return [];
  const why = `points of ${Number(durationSeconds.toFixed(1))} s may not tell whether the target keeps up: ${reasons.join('; ')}`;
  if ((longestSeconds?.(plan) ?? 0) > durationSeconds) {
    return [{ level: 'info', text: `${why}. The search takes longer ones where needed` }];
  }
  const wanted = tens(Math.max(forAnswers, isFew ? TELLING.requests / lowest : 0));
  const more = durationSeconds < plan.durationSeconds ? 'a larger --requests' : `--duration ${wanted}s`;
  return [{ level: 'warn', text: `${why}; ${more} would show more` }];
}

type Counted = Pick<SweepSettings, 'rates' | 'durationSeconds' | 'loop' | 'requests' | 'turns' | 'thinkSeconds'> &
  Pick<SweepPlan, 'probeMs' | 'untilCertain'>;

/**
 * Requests that are measured. Where the answers decide how many, so many as come while the target answers as fast as the
 * probe did; 0 where nothing bounds them and nothing was probed. Of points that last until a percentile is certain, the least.
 */
export function measuredRequests(counted: Counted): number {
  const { rates, ...plan } = counted;
  const { loop, requests = Number.POSITIVE_INFINITY, turns = 1 } = plan;
  const each = (rate: number) => {
    const seconds = leastWindow(plan, rate);
    return loop === 'closed' ? inClosedLoop(rate, seconds, plan) : turns * arrivalsWithin(seconds, rate);
  };
  return rates.reduce((sum, rate) => sum + Math.min(requests, each(rate)), 0);
}

function inClosedLoop(
  open: number,
  seconds: number,
  { probeMs, thinkSeconds = 0, requests = 0 }: Partial<Counted>,
): number {
  if (probeMs === undefined) return requests;
  return Math.ceil((open * seconds) / Math.max(0.001, probeMs / 1000 + thinkSeconds));
}

function warmupRequests({ rates, warmupSeconds, ...plan }: Counted & Pick<SweepSettings, 'warmupSeconds'>): number {
  const { loop, probeMs } = plan;
  const each = (rate: number) =>
    loop === 'closed'
      ? inClosedLoop(rate, warmupSeconds, defined({ probeMs, thinkSeconds: plan.thinkSeconds }))
      : arrivalsBefore(warmupSeconds, rate);
  return rates.reduce((sum, rate) => sum + each(rate), 0);
}

/**
 * Points at which the bound of requests in flight can be reached: by Little's law `rate * service time` are open, and
 * never more than are sent.
 *
 * @returns one sentence per such point, with the service time from which on it happens
 */
export function inFlightWarnings(plan: SweepPlan): string[] {
  if (plan.loop === 'closed') return [];
  return plan.rates.flatMap((rate) => {
    const longest = Math.min(plan.timeoutSeconds, plan.warmupSeconds + plan.durationSeconds);
    if (rate * longest <= plan.maxInFlight) return [];
    const seconds = (plan.maxInFlight / rate).toFixed(1);
    return [
      `at ${rate} requests per second, answers slower than ${seconds} s reach the bound of ${plan.maxInFlight} in ` +
        'flight; what is due beyond it is dropped and counted, and the point is invalid',
    ];
  });
}
