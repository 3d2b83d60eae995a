import { createHash } from 'node:crypto';
import { ExitCode, RemedyError } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import type { ChainClient } from '../../chain/client.ts';
import type { Clock } from '../../clock.ts';
import { Generator } from '../engine/generator-process.ts';
import type { RecordedRun } from '../record/read-run.ts';
import { type CreateCsv, RunRecord } from '../record/run-record.ts';
import { type Criterion, judgeSlo } from '../stats/criterion.ts';
import { isSustained, judgeKnee } from '../stats/knee.ts';
import { answerKind, targetName } from '../target.ts';
import type { PointSummary, SweepPlan, SweepReport } from '../types.ts';
import { askHealth, type TargetHealth } from './health.ts';
import { MAX_SEARCH_POINTS } from './knee-search.ts';
import { type Ladder, listLadder, searchLadder, skippedPoint } from './ladder.ts';
import { type Baseline, takeBaseline } from './preflight.ts';
import { waitUntilCalm } from './probe.ts';
import { type PointTerms, runPoint } from './run-point.ts';
import type { SweepControl } from './sweep-control.ts';
import {
  defaultMaxInFlight,
  inFlightWarnings,
  measuredRequests,
  planSweep,
  predictions,
  type SweepSettings,
} from './sweep-plan.ts';

/** Longest wait for the target to calm down between two points where none was asked for, seconds. */
const DEFAULT_GATE_SECONDS = 30;

export interface SweepOptions extends SweepSettings {
  /** Folder of the result files, as it shall be named in them. */
  readonly outFolder: string;
  /** At least 1000 code points; made unique per request. */
  readonly prompt: string;
  /** The same seed makes the same prompts. */
  readonly seed: number;
  /** Default: what the generator's descriptors allow. */
  readonly maxInFlight?: number;
  /** Whether the target has to answer `/health` first. */
  readonly preflight: boolean;
  /** Measure single requests first, and wait between points until one is as fast again; default no. */
  readonly probe?: boolean;
  /** Longest such wait, seconds; a target that needs longer contaminates the next point. */
  readonly gateSeconds?: number;
  /** Default `constant`. */
  readonly arrivals?: 'constant' | 'poisson';
  /** Ask for streamed answers and measure their tokens. */
  readonly stream?: boolean;
  /** A connection is closed after so many requests; default: no bound. */
  readonly requestsPerConnection?: number;
  /** A connection older than this takes no request; default: no bound. */
  readonly connectionAgeMs?: number;
  /** Leave out the points above the first that was not sustained. */
  readonly stopAboveKnee?: boolean;
  /** Search for the knee between the lowest and the highest rate instead of offering each. */
  readonly findKnee?: boolean;
  /** Conditions that end the sweep. */
  readonly abortOn?: readonly Criterion[];
  readonly slos?: readonly Criterion[];
  /** A run that shall go on where it ended; the other options are then its own (see {@link resumedOptions}). */
  readonly resume?: RecordedRun;
  /** For the manifest: the command line, the machine, versions; nothing secret. */
  readonly about: Readonly<Record<string, unknown>>;
}

export interface SweepDeps {
  readonly clock: Clock;
  readonly client: Pick<ChainClient, 'raw'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** What the operator asks while it runs. */
  readonly control?: SweepControl;
  /** How result files are made; the default is the real one. */
  readonly createCsv?: CreateCsv;
}

/** How the ladder ended. */
interface Ending {
  readonly finished: boolean;
  readonly abortedBy?: string;
}

/**
 * Offers every rate of the ladder, one after another, as an open loop, and records what comes of it while it runs.
 * An abort ends the point that runs, keeps what it measured, and leaves out the rest; so does a disk that fills up
 * (`problem` then says so), and a condition of `abortOn` (`abortedBy`).
 *
 * @throws RemedyError: exit 5 when the target does not answer, exit 3 when results cannot be written
 */
export async function runSweep(options: SweepOptions, deps: SweepDeps): Promise<SweepReport> {
  const { clock, emit, control } = deps;
  const health = options.preflight ? await askHealth(options.targetUrl, deps.client, deps.signal) : undefined;
  const baseline = options.probe === true ? await takeBaseline(options, deps) : undefined;
  const broken = new AbortController();
  let problem: string | undefined;
  const startedAt = clock.now();
  const record = await RunRecord.open({
    outFolder: options.outFolder,
    tag: options.tag,
    targetName: targetName(options.targetUrl),
    startedAt,
    expectedRows: measuredRequests(options),
    onFailure: (message) => {
      problem ??= message;
      broken.abort();
    },
    ...(options.resume === undefined ? {} : { resume: options.resume.folder }),
    ...(deps.createCsv === undefined ? {} : { createCsv: deps.createCsv }),
  });
  const unstop = control?.onStop(() => broken.abort());
  let generator = await Generator.start();
  try {
    const maxInFlight = options.maxInFlight ?? defaultMaxInFlight(generator.descriptorLimit);
    const plan = planOf(options, {
      runId: record.runId,
      simulated: health?.simulated ?? false,
      maxInFlight,
      ...(baseline === undefined ? {} : { probeMs: baseline.ms }),
    });
    const limits = { descriptors: generator.descriptorLimit, maxInFlight };
    const manifest = manifestOf(options, health, { plan, startedAt: beginning(options, startedAt), limits });
    await record.writeManifest({ ...manifest, status: 'running' });
    if (record.retired > 0) {
      const text = `${record.retired} files of an earlier run with tag ${options.tag} make room; they stay in its folder`;
      emit({ type: 'note', level: 'info', text });
    }
    for (const note of predictions(plan)) emit({ type: 'note', ...note });
    for (const text of inFlightWarnings(plan)) emit({ type: 'note', level: 'warn', text });
    emit({ type: 'sweep-started', plan });
    const signal = AbortSignal.any([deps.signal, broken.signal]);
    const points = keptPoints(options.resume);
    for (const point of points) record.restorePoint(plan, point);
    const offer = async (index: number, rate: number, terms: PointTerms) => {
      if (!generator.alive) generator = await Generator.start();
      const order = orderOf(options, plan, index, rate);
      const shared = { generator, record, clock, emit, signal, ...(control === undefined ? {} : { control }) };
      return runPoint(plan, index, order, terms, shared);
    };
    const add = async (point: PointSummary) => {
      points.push(point);
      await record.addPoint(plan, point);
      emit({ type: 'point-done', point });
    };
    const ending = await climb(options, { plan, points, baseline, signal, offer, add, deps });
    points.sort((a, b) => a.index - b.index);
    const status = ending.finished && problem === undefined ? 'complete' : 'interrupted';
    const offered = plan.search === undefined ? plan : { ...plan, rates: points.map(({ rate }) => rate) };
    const knee = judgeKnee(points);
    const outcome = {
      status,
      ...(knee === undefined ? {} : { knee }),
      ...(options.slos?.length ? { slos: options.slos.map((slo) => judgeSlo(slo, points)) } : {}),
      ...(ending.abortedBy === undefined ? {} : { abortedBy: ending.abortedBy }),
      ...(problem === undefined ? {} : { problem }),
    } as const;
    // A disk that is full keeps the manifest of the beginning; the problem is told either way.
    const ended = record.writeManifest({ ...manifest, plan: offered, ...outcome, endedAt: iso(clock.now()) });
    await (problem === undefined ? ended : ended.catch(() => {}));
    return { plan: offered, points, ...outcome, summaryCsv: record.summaryCsv, runFolder: record.folder };
  } finally {
    unstop?.();
    await generator.close();
    await record.close();
  }
}

interface Climb {
  readonly plan: SweepPlan;
  /** Grows by {@link Climb.add}. */
  readonly points: readonly PointSummary[];
  readonly baseline: Baseline | undefined;
  readonly signal: AbortSignal;
  readonly deps: SweepDeps;
  offer(index: number, rate: number, terms: PointTerms): Promise<Awaited<ReturnType<typeof runPoint>>>;
  add(point: PointSummary): Promise<void>;
}

/** Goes from point to point until the ladder, the operator, a condition or a problem ends it. */
async function climb(
  options: SweepOptions,
  { plan, points, baseline, signal, deps, offer, add }: Climb,
): Promise<Ending> {
  const { clock, control } = deps;
  const ladder = ladderOf(plan);
  let unsustained = Math.min(...points.flatMap((point) => (isSustained(point) === false ? [point.rate] : [])));
  let loaded = false;
  for (let next = ladder(points); next !== undefined; next = ladder(points)) {
    const { index, rate } = next;
    await control?.waitWhilePaused(signal);
    if (signal.aborted) return { finished: false };
    if (options.stopAboveKnee && rate > unsustained) {
      const why = `above the knee: ${unsustained} rps was not sustained`;
      await add(skippedPoint(index, rate, why, iso(clock.now())));
      continue;
    }
    const contaminated = loaded && baseline !== undefined ? await gate(options, baseline, signal, clock) : undefined;
    if (signal.aborted) return { finished: false };
    const terms = { abortOn: options.abortOn ?? [], ...(contaminated === undefined ? {} : { contaminated }) };
    const { point, abortedBy } = await offer(index, rate, terms);
    loaded = true;
    await add(point);
    if (abortedBy !== undefined) return { finished: false, abortedBy };
    if (isSustained(point) === false) unsustained = Math.min(unsustained, rate);
  }
  return { finished: !signal.aborted };
}

async function gate(
  { gateSeconds, drainSeconds }: SweepOptions,
  { probe, ms }: Baseline,
  signal: AbortSignal,
  clock: Clock,
): Promise<string | undefined> {
  const bound = (gateSeconds ?? Math.min(DEFAULT_GATE_SECONDS, drainSeconds)) * 1000;
  try {
    return await waitUntilCalm(probe, ms, bound, signal, clock);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function ladderOf({ search, rates }: SweepPlan): Ladder {
  return search === undefined ? listLadder(rates) : searchLadder(search.low, search.high);
}

function planOf(options: SweepOptions, known: Parameters<typeof planSweep>[1]): SweepPlan {
  if (options.findKnee !== true) return planSweep(options, known);
  const [low, high] = [Math.min(...options.rates), Math.max(...options.rates)];
  const search = { low, high, maxPoints: MAX_SEARCH_POINTS };
  return planSweep({ ...options, rates: low === high ? [low] : [low, high] }, { ...known, search });
}

function orderOf(options: SweepOptions, plan: SweepPlan, index: number, rate: number) {
  const { requestsPerConnection, connectionAgeMs } = options;
  return {
    type: 'run',
    url: plan.targetUrl,
    kind: answerKind(plan.targetUrl),
    rate,
    warmupMs: plan.warmupSeconds * 1000,
    durationMs: plan.durationSeconds * 1000,
    drainMs: plan.drainSeconds * 1000,
    timeoutMs: plan.timeoutSeconds * 1000,
    maxInFlight: plan.maxInFlight,
    prompt: options.prompt,
    seed: options.seed,
    series: index,
    arrivals: options.arrivals ?? 'constant',
    stream: options.stream ?? false,
    ...(requestsPerConnection === undefined ? {} : { requestsPerConnection }),
    ...(connectionAgeMs === undefined ? {} : { connectionAgeMs }),
  } as const;
}

/** What an earlier process finished; the rest is measured again. */
function keptPoints(run: RecordedRun | undefined): PointSummary[] {
  return (run?.points ?? []).filter(({ status }) => status === 'complete' || status === 'skipped');
}

function manifestOf(options: SweepOptions, health: TargetHealth | undefined, more: object): Record<string, unknown> {
  const { prompt, about, resume, ...settings } = options;
  const described = { ...settings, promptCodePoints: [...prompt].length, promptSha256: sha256(prompt) };
  return { ...more, ...about, settings: described, health };
}

/**
 * The options of a run, to go on with it. Its prompt is not in the record, but has to be the same.
 *
 * @throws RemedyError (exit 2) when the prompt is another one, or the run is of a version that did not tell its settings
 */
export function resumedOptions(
  run: RecordedRun,
  { prompt, about }: Pick<SweepOptions, 'prompt' | 'about'>,
): SweepOptions {
  const { promptCodePoints, promptSha256, ...settings } = (run.manifest.settings ?? {}) as Record<string, unknown>;
  const refused = (why: string, next: string) =>
    new RemedyError(`the run ${run.runId} cannot go on: ${why}`, {
      code: 'run-not-resumable',
      exit: ExitCode.usage,
      nextSteps: [next],
    });
  if (promptSha256 === undefined) throw refused('its manifest does not tell its settings', 'begin a new run');
  if (promptSha256 !== sha256(prompt)) {
    throw refused('it was made with another prompt', 'give the same --prompt-file as then, or begin a new run');
  }
  return { ...(settings as unknown as SweepOptions), prompt, about, resume: run };
}

function beginning({ resume }: SweepOptions, startedAt: number): string {
  return resume?.manifest.startedAt ?? iso(startedAt);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
