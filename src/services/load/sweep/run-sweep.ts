import { availableParallelism } from 'node:os';
import type { Emit } from '../../../events.ts';
import type { ChainClient } from '../../chain/client.ts';
import type { Clock } from '../../clock.ts';
import { plural } from '../../words.ts';
import { descriptorLimit } from '../engine/descriptors.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import { sharedPrefixWarning } from '../prompt.ts';
import type { RecordedRun } from '../record/read-run.ts';
import { type CreateCsv, RunRecord } from '../record/run-record.ts';
import { judgeSlo } from '../stats/criterion.ts';
import { judgeKnee } from '../stats/knee.ts';
import { answerKind, targetName } from '../target.ts';
import type { ElasticOutcome, PointSummary, SweepPlan, SweepReport } from '../types.ts';
import { climb } from './climb.ts';
import { GeneratorPool } from './generator-pool.ts';
import { askHealth } from './health.ts';
import { MAX_SEARCH_POINTS } from './knee-search.ts';
import type { Ladder } from './ladder.ts';
import { type PointTerms, runPoint } from './offer-rate.ts';
import { takeBaseline } from './preflight.ts';
import { stride } from './stride.ts';
import type { SweepControl } from './sweep-control.ts';
import { sweepGenerators } from './sweep-generators.ts';
import { manifestOf, orderOf, type SweepOptions } from './sweep-options.ts';
import {
  defaultMaxInFlight,
  inFlightWarnings,
  measuredRequests,
  planSweep,
  predictions,
  searchNotes,
} from './sweep-plan.ts';

export interface SweepDeps {
  readonly clock: Clock;
  readonly client: Pick<ChainClient, 'raw'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Sent to the target as a bearer token; not a setting, since those are written down. */
  readonly token?: string;
  /** What the operator asks while it runs. */
  readonly control?: SweepControl;
  /** How result files are made; the default is the real one. */
  readonly createCsv?: CreateCsv;
  /** Decides which points there are, where that is not known before. */
  readonly ladder?: Ladder;
  /** What an elastic profile has come to; asked for at the end. */
  readonly elasticOutcome?: () => ElasticOutcome;
  /** Told of the run's folder when it is there and before it says anything: nobody else shall write it. */
  readonly onFolder?: (folder: string) => Promise<void>;
  /** Told of requests as they end, with the rate of their point; must be quick. */
  readonly onRecords?: (rate: number, records: readonly RequestRecord[]) => void;
}

/**
 * Offers every rate of the ladder, one after another, as an open loop, and records what comes of it while it runs.
 * An abort ends the point that runs, keeps what it measured, and leaves out the rest; so does a disk that fills up
 * (`problem` then says so), and a condition of `abortOn` (`abortedBy`).
 *
 * @throws RemedyError: exit 5 when the target does not answer, exit 3 when results cannot be written
 */
export async function runSweep(options: SweepOptions, deps: SweepDeps): Promise<SweepReport> {
  const { clock, emit, control, onRecords, token } = deps;
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
    expectedRows: expectedRows(options),
    onFailure: (message) => {
      problem ??= message;
      broken.abort();
    },
    ...(options.resume === undefined ? {} : { resume: options.resume.folder }),
    ...(deps.createCsv === undefined ? {} : { createCsv: deps.createCsv }),
  });
  const unstop = control?.onStop(() => broken.abort());
  const probed = baseline === undefined ? {} : { probeMs: baseline.ms };
  const machine = { cores: availableParallelism(), descriptorLimit: descriptorLimit() };
  const generators = sweepGenerators(options, { ...machine, ...probed });
  const pool = new GeneratorPool(generators);
  try {
    await deps.onFolder?.(record.folder);
    const first = await pool.take();
    const maxInFlight = options.maxInFlight ?? defaultMaxInFlight(options.targetUrl, generators.maxInFlight);
    const plan = planOf(options, {
      runId: record.runId,
      simulated: health?.simulated ?? false,
      maxInFlight,
      ...probed,
    });
    pool.give(first);
    const limits = { descriptors: first.descriptorLimit, maxInFlight, generators: generators.processes };
    const manifest = manifestOf(options, health, { plan, startedAt: beginning(options, startedAt), limits });
    await record.writeManifest({ ...manifest, status: 'running' });
    if (record.retired > 0) {
      const text = `an earlier run with tag ${options.tag} gives up the names of ${plural(record.retired, 'file')}, kept in its folder`;
      emit({ type: 'note', level: 'info', text });
    }
    if (generators.processes > 1) {
      emit({ type: 'note', level: 'info', text: `${generators.processes} generator processes: ${generators.reason}` });
    }
    for (const note of searchNotes(plan)) emit({ type: 'note', ...note });
    for (const note of predictions(plan)) emit({ type: 'note', ...note });
    for (const text of inFlightWarnings(plan)) emit({ type: 'note', level: 'warn', text });
    const samePrompts = sharedPrefixWarning(answerKind(options.targetUrl), options.sharedPrefixTokens ?? 0);
    if (samePrompts !== undefined) emit({ type: 'note', level: 'warn', text: samePrompts });
    emit({ type: 'sweep-started', plan });
    const signal = AbortSignal.any([deps.signal, broken.signal]);
    const points = keptPoints(options.resume);
    for (const point of points) record.restorePoint(plan, point);
    const given = control === undefined ? {} : { control };
    let current = 0;
    const begin = async (index: number, rate: number, terms: PointTerms, durationSeconds = plan.durationSeconds) => {
      const generator = await pool.take();
      current = index;
      const own = { ...plan, durationSeconds };
      const order = { ...orderOf(options, own, index, rate), ...(token === undefined ? {} : { token }) };
      const { promise: sent, resolve: onSent } = Promise.withResolvers<void>();
      const deps = { generator, onSent, isCurrent: () => current === index };
      const shared = { record, clock, emit, signal, ...given, ...(onRecords && { onRecords }) };
      const result = runPoint(own, index, order, terms, { ...shared, ...deps }).finally(() => pool.give(generator));
      return { sent, result };
    };
    const add = async (point: PointSummary) => {
      points.push(point);
      await record.addPoint(plan, point);
      emit({ type: 'point-done', point });
    };
    const chosen = deps.ladder === undefined ? given : { ...given, ladder: deps.ladder };
    const sweep = { plan, points, signal, clock, emit, add, ...chosen };
    const ending = await (plan.elastic === undefined
      ? climb(options, { ...sweep, baseline, offer: async (...point) => (await begin(...point)).result })
      : stride(options, {
          ...sweep,
          begin(...point) {
            const begun = begin(...point);
            // The next step begins before this one has its last answer.
            begun.then(() => pool.spare()).catch(() => {});
            return begun;
          },
        }));
    problem ??= ending.problem;
    points.sort((a, b) => a.index - b.index);
    const status = ending.finished && problem === undefined ? 'complete' : 'interrupted';
    const isOpen = plan.search !== undefined || plan.elastic !== undefined;
    const offered = isOpen ? { ...plan, rates: points.map(({ rate }) => rate) } : plan;
    // What a group sustains depends on how large it is just then.
    const knee = plan.elastic === undefined ? judgeKnee(points) : undefined;
    const elastic = deps.elasticOutcome?.();
    const outcome = {
      status,
      ...(knee === undefined ? {} : { knee }),
      ...(options.slos?.length ? { slos: options.slos.map((slo) => judgeSlo(slo, points)) } : {}),
      ...(ending.abortedBy === undefined ? {} : { abortedBy: ending.abortedBy }),
      ...(problem === undefined ? {} : { problem }),
      ...(elastic === undefined ? {} : { elastic }),
    } as const;
    // A disk that is full keeps the manifest of the beginning; the problem is told either way.
    const ended = record.writeManifest({ ...manifest, plan: offered, ...outcome, endedAt: iso(clock.now()) });
    await (problem === undefined ? ended : ended.catch(() => {}));
    return { plan: offered, points, ...outcome, summaryCsv: record.summaryCsv, runFolder: record.folder };
  } finally {
    unstop?.();
    await pool.close();
    await record.close();
  }
}

function planOf(options: SweepOptions, known: Parameters<typeof planSweep>[1]): SweepPlan {
  if (options.elastic !== undefined) return planSweep(options, { ...known, elastic: options.elastic });
  if (options.findKnee !== true) return planSweep(options, known);
  const [low, high] = [Math.min(...options.rates), Math.max(...options.rates)];
  const { durationSeconds, maxDurationSeconds = durationSeconds } = options;
  const search = {
    low,
    high,
    maxPoints: MAX_SEARCH_POINTS,
    maxDurationSeconds: Math.max(durationSeconds, maxDurationSeconds),
  };
  return planSweep({ ...options, rates: low === high ? [low] : [low, high] }, { ...known, search });
}

/** Of an elastic profile, the most there can be: the disk is asked for it. */
function expectedRows(options: SweepOptions): number {
  const { elastic, durationSeconds } = options;
  return elastic === undefined ? measuredRequests(options) : elastic.maxPoints * durationSeconds * elastic.high;
}

/** What is not measured again: a point that the operator cut short was cut short on purpose. */
const KEPT: readonly PointSummary['status'][] = ['complete', 'skipped', 'cut'];

/** What an earlier process finished; the rest is measured again. */
function keptPoints(run: RecordedRun | undefined): PointSummary[] {
  return (run?.points ?? []).filter(({ status }) => KEPT.includes(status));
}

function beginning({ resume }: SweepOptions, startedAt: number): string {
  return resume?.manifest.startedAt ?? iso(startedAt);
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
