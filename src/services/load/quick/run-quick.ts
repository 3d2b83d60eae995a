import { formatSeconds } from '../../../durations.ts';
import { RemedyError, remedy } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import { createChainClient } from '../../chain/client.ts';
import { defined } from '../../defined.ts';
import { findTarget } from '../discovery/find-target.ts';
import { withStepsOf } from '../discovery/steps-of.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import { type LoadDeps, runLoad } from '../run-load.ts';
import { takeBaseline } from '../sweep/preflight.ts';
import type { SweepOptions } from '../sweep/sweep-options.ts';
import type { SweepReport } from '../types.ts';
import { type Bounds, boundDoubling, boundSearch, planSearch, sentIn } from './quick-plan.ts';

/** What is to be looked at, and as whom. */
export interface QuickOptions
  extends Pick<SweepOptions, 'targetUrl' | 'api' | 'model' | 'prompt' | 'seed' | 'outFolder' | 'tag' | 'about'> {
  readonly bounds: Bounds;
  /** How long all of it takes, about; default: a minute. */
  readonly totalSeconds?: number;
}

export interface QuickDeps extends LoadDeps {
  /** The flags that whoever reads an error has. */
  readonly flags?: readonly string[];
}

/** What was measured; `search` is absent where a minute had no room for it. */
export interface QuickRuns {
  readonly targetUrl: string;
  readonly api: string;
  readonly model?: string;
  readonly isStreamed: boolean;
  /** What one request takes alone, a model that was loaded for it left out, seconds. */
  readonly aloneSeconds: number;
  readonly doubling: SweepReport;
  readonly search?: SweepReport;
}

const TOTAL_SECONDS = 60;
/** Longest time of a request; what takes longer is no quick look. */
const TIMEOUT_SECONDS = 60;

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

async function lookAt(options: QuickOptions, deps: LoadDeps): Promise<QuickRuns> {
  const { clock, emit, signal, tokenOf, headers: own = {} } = deps;
  const { bounds, totalSeconds = TOTAL_SECONDS, ...settings } = options;
  const began = clock.monotonic();
  const leftSeconds = () => totalSeconds - (clock.monotonic() - began) / 1000;
  const token = tokenOf(options.targetUrl);
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...own };
  const told = { ...deps, emit: withTimeLeft(emit, leftSeconds) };
  const client = createChainClient({ ...deps, timeoutMs: TIMEOUT_SECONDS * 1000, tokenOf });
  try {
    const commandLine = (options.about.commandLine ?? []) as readonly string[];
    const asking = { client, headers, signal, emit, commandLine };
    const found = await findTarget({ ...settings, preflight: true }, asking);
    // A service of a chain answers in one piece.
    const hasTokens = protocolNamed(found.api).models !== undefined;
    const common = { ...settings, ...found, ...(hasTokens ? ANSWERS : {}), ...COMMON };
    const alone = (stream: boolean) => takeBaseline({ ...common, stream, rates: [1], durationSeconds: 1 }, asking);
    let isStreamed = hasTokens;
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
    tell(emit, seconds);
    const shared = { ...common, stream: isStreamed, ...defined({ usage }) };
    const doubling = await runLoad(
      { options: { ...shared, rates: bounds.ladder, loop: 'closed', durationSeconds: 2 } },
      { ...told, bound: boundDoubling(seconds, bounds, leftSeconds, totalSeconds) },
    );
    const runs = { ...found, isStreamed, aloneSeconds: seconds, doubling };
    const plan = doubling.status === 'complete' ? planSearch(doubling.points, seconds, leftSeconds()) : undefined;
    if (plan === undefined || signal.aborted) return runs;
    const { low, high, durationSeconds } = plan;
    const limits = boundSearch(bounds, sentIn(doubling.points), leftSeconds, durationSeconds);
    const search = await runLoad(
      {
        options: {
          ...{ ...shared, tag: `${shared.tag}-knee`, rates: [low, high], findKnee: true },
          ...{ durationSeconds, maxDurationSeconds: 2 * durationSeconds },
        },
      },
      { ...told, bound: limits },
    );
    return { ...runs, search };
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
export const ANSWER_TOKENS = 64;
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

/** What is left is known of the whole, and not of a run that may leave points out. */
function withTimeLeft(emit: Emit, leftSeconds: () => number): Emit {
  return (event) => {
    if (event.type !== 'sweep-tick') return emit(event);
    const { etaAtMost, etaOfPoint, ...tick } = event.tick;
    emit({ type: 'sweep-tick', tick: { ...tick, etaSeconds: Math.max(1, leftSeconds()) } });
  };
}

function tell(emit: Emit, seconds: number): void {
  const took = seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : formatSeconds(Number(seconds.toFixed(1)));
  const text = `one request alone takes ${took}; all of it takes about a minute`;
  emit({ type: 'note', level: 'info', text });
}

function notAnswering(url: string) {
  return remedy.unhealthy('target-unhealthy', `a single request to ${url} failed: there is nothing to measure`, [
    'see why in the warning above, mend it, and run this again',
  ]);
}
