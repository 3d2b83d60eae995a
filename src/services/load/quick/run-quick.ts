import { formatEstimate, formatSeconds } from '../../../durations.ts';
import { RemedyError, remedy } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import { createChainClient } from '../../chain/client.ts';
import { defined } from '../../defined.ts';
import { type FoundTarget, findTarget } from '../discovery/find-target.ts';
import { withStepsOf } from '../discovery/steps-of.ts';
import { readGenerously } from '../engine/http/read-generously.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import { type LoadDeps, runLoad } from '../run-load.ts';
import { takeBaseline } from '../sweep/preflight.ts';
import type { SweepOptions } from '../sweep/sweep-options.ts';
import type { SweepReport } from '../types.ts';
import { type Bounds, boundDoubling, boundSearch, paceOf, planSearch, sentIn, windowFor } from './quick-plan.ts';

/** What is to be looked at, and as whom. */
export interface QuickOptions
  extends Pick<
    SweepOptions,
    'targetUrl' | 'api' | 'model' | 'maxTokensField' | 'prompt' | 'seed' | 'outFolder' | 'tag' | 'about'
  > {
  readonly bounds: Bounds;
  /** How long all of it takes, about; default: a minute. */
  readonly totalSeconds?: number;
}

export interface QuickDeps extends LoadDeps {
  /** The flags that whoever reads an error has. */
  readonly flags?: readonly string[];
  /**
   * Asked once it is known what is going to be sent, and before any of it is.
   *
   * @throws what ends the look
   */
  readonly approve?: (found: FoundTarget, maxTokens: number | undefined) => Promise<void>;
}

/** What was measured; `search` is absent where a minute had no room for it. */
export interface QuickRuns {
  readonly targetUrl: string;
  readonly api: string;
  readonly model?: string;
  readonly isStreamed: boolean;
  /** What every request asks; without `maxTokens` the target decides how long answers are. */
  readonly prompt: string;
  readonly maxTokens?: number;
  /** What one request takes alone, a model that was loaded for it left out, seconds. */
  readonly aloneSeconds: number;
  /** From the first request that counts to the last, seconds. */
  readonly seconds: number;
  /** `interrupted`: the operator stopped it. */
  readonly status: 'complete' | 'interrupted';
  /** Why there is no search, where one was to come. */
  readonly failure?: RemedyError;
  readonly doubling: SweepReport;
  readonly search?: SweepReport;
}

const TOTAL_SECONDS = 60;
/** Longest time of a request; of the first ones, which may have to wait until a model is loaded. */
const TIMEOUT_SECONDS = 60;
const LOADING_SECONDS = 300;

/**
 * Looks at a target for about a minute: one request alone, twice as many at once until more bring no more, and a search
 * for the knee around what it gets done then. Both are ordinary runs, with records and reports of their own.
 *
 * @throws RemedyError: exit 5 where it does not answer, and what {@link findTarget} and {@link runLoad} throw
 */
export async function runQuick(options: QuickOptions, { flags = [], ...deps }: QuickDeps): Promise<QuickRuns> {
  try {
    return await lookAt(options, deps);
  } catch (error) {
    throw withStepsOf(flags, error);
  }
}

async function lookAt(options: QuickOptions, { approve, ...deps }: QuickDeps): Promise<QuickRuns> {
  const { clock, emit, signal, tokenOf, headers: own = {} } = deps;
  const { bounds, totalSeconds = TOTAL_SECONDS, ...settings } = options;
  let began = clock.monotonic();
  const spentSeconds = () => (clock.monotonic() - began) / 1000;
  const leftSeconds = () => totalSeconds - spentSeconds();
  const token = tokenOf(options.targetUrl);
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...own };
  const told = { ...deps, emit: withTimeLeft(emit, leftSeconds) };
  const client = createChainClient({ ...deps, timeoutMs: LOADING_SECONDS * 1000, tokenOf, generous: readGenerously });
  try {
    const commandLine = (options.about.commandLine ?? []) as readonly string[];
    const asking = { client, headers, signal, emit, commandLine };
    const found = await findTarget({ ...settings, preflight: true }, asking);
    // A service of a chain makes answers as long as it was deployed to.
    const { models, provider } = protocolNamed(found.api);
    const hasTokens = models !== undefined;
    const maxTokens = hasTokens ? ANSWER_TOKENS : undefined;
    await approve?.(found, maxTokens);
    const common = { ...settings, ...found, ...(hasTokens ? ANSWERS : {}), ...COMMON };
    const once = { ...common, timeoutSeconds: LOADING_SECONDS, rates: [1], durationSeconds: 1 };
    emit({ type: 'note', level: 'info', text: 'asks for an answer, to see how long one takes' });
    const alone = (stream: boolean) => takeBaseline({ ...once, stream }, asking);
    // What speaks no known API has no word for a stream; what knows none answers whole, and is asked again.
    let isStreamed = provider !== undefined;
    const { baseline, usage } = await alone(isStreamed).catch((error: unknown) => {
      if (!isStreamed || !isOfStreams(error)) throw error;
      isStreamed = false;
      emit({
        type: 'note',
        level: 'warn',
        text: `${found.targetUrl} does not stream: its answers are timed as a whole`,
      });
      return alone(isStreamed);
    });
    if (baseline === undefined) throw notAnswering(found.targetUrl);
    const seconds = baseline.ms / 1000;
    // What a model took to be loaded is not of the minute.
    began = clock.monotonic();
    tell(emit, seconds, totalSeconds);
    const timeoutSeconds = Math.max(TIMEOUT_SECONDS, 3 * seconds);
    // Only a service of ours says by its health that its engine is simulated.
    const preflight = found.provider === 'chainctl';
    const shared = {
      ...common,
      preflight,
      timeoutSeconds,
      drainSeconds: timeoutSeconds,
      stream: isStreamed,
      ...defined({ usage }),
    };
    const doubling = await runLoad(
      {
        options: { ...shared, rates: bounds.ladder, loop: 'closed', durationSeconds: windowFor(seconds) },
      },
      { ...told, bound: boundDoubling(seconds, bounds, leftSeconds, totalSeconds) },
    );
    const asked = { prompt: settings.prompt, ...defined({ maxTokens }) };
    const state = () => ({ seconds: spentSeconds(), status: signal.aborted ? 'interrupted' : 'complete' }) as const;
    const runs = { ...found, ...asked, isStreamed, aloneSeconds: seconds, doubling };
    const plan =
      doubling.status === 'complete'
        ? planSearch(doubling.points, paceOf(seconds, doubling.points), leftSeconds())
        : undefined;
    if (plan === undefined || signal.aborted) return { ...runs, ...state() };
    const { low, high, durationSeconds } = plan;
    const limits = boundSearch(bounds, sentIn(doubling.points), leftSeconds, durationSeconds);
    const searched = runLoad(
      {
        options: {
          ...{ ...shared, tag: `${shared.tag}-knee`, rates: [low, high], findKnee: true },
          ...{ durationSeconds, maxDurationSeconds: 2 * durationSeconds },
        },
      },
      { ...told, bound: limits },
    );
    // What was measured before is told all the same.
    const search = await searched.catch((error: unknown) => {
      if (error instanceof RemedyError) return error;
      throw error;
    });
    if (search instanceof RemedyError) return { ...runs, ...state(), failure: search };
    return { ...runs, ...state(), search };
  } finally {
    await client.close();
  }
}

/** Whether a server may answer well when it is not asked for a stream. */
function isOfStreams(error: unknown): boolean {
  if (!(error instanceof RemedyError)) return false;
  return error.code === 'not-a-stream' || (error.code === 'target-refuses' && /stream/i.test(error.message));
}

/** Most tokens of an answer: a minute holds more of short ones, and nobody pays for long ones. */
const ANSWER_TOKENS = 64;
const ANSWERS = { workload: { maxTokens: { kind: 'constant', value: ANSWER_TOKENS } } } as const;

/** What every run of a quick look has in common: what one asks for with `load` is not asked here. */
const COMMON = {
  warmupSeconds: 0,
  timeoutSeconds: TIMEOUT_SECONDS,
  drainSeconds: TIMEOUT_SECONDS,
  preflight: false,
  probe: false,
  arrivals: 'constant',
} as const;

/**
 * What is left is known of the whole, and not of a run that may leave points out; what there is to know of such a run
 * before it begins is for those who chose it.
 */
function withTimeLeft(emit: Emit, leftSeconds: () => number): Emit {
  return (event) => {
    if (event.type === 'note' && event.level === 'info') return;
    if (event.type !== 'sweep-tick') return emit(event);
    const { etaAtMost, etaOfPoint, ...tick } = event.tick;
    emit({ type: 'sweep-tick', tick: { ...tick, etaSeconds: Math.max(1, leftSeconds()) } });
  };
}

function tell(emit: Emit, seconds: number, totalSeconds: number): void {
  const most = Math.max(totalSeconds, 1.5 * seconds);
  const all = most < 90 ? 'about a minute' : `about ${formatEstimate(most)}, because its answers are that long`;
  const text = `one request alone takes ${formatSeconds(seconds)}; all of it takes ${all}`;
  emit({ type: 'note', level: 'info', text });
}

function notAnswering(url: string) {
  return remedy.unhealthy('target-unhealthy', `a single request to ${url} failed: there is nothing to measure`, [
    'see why in the warning above, mend it, and run this again',
  ]);
}
