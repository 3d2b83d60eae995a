import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Emit } from '../../../events.ts';
import type { ChainClient } from '../../chain/client.ts';
import type { Clock } from '../../clock.ts';
import { descriptorLimit } from '../engine/descriptors.ts';
import { GeneratorGroup } from '../generators/generator-group.ts';
import { GeneratorPool } from '../generators/generator-pool.ts';
import type { StartGenerator } from '../generators/load-generator.ts';
import { sweepGenerators } from '../generators/plan-generators.ts';
import { CsvOutput } from '../outputs/csv.ts';
import type { Output } from '../outputs/output.ts';
import type { NextStep } from '../profiles/profile.ts';
import { planProfile } from '../profiles/profiles.ts';
import { sharedPrefixWarning } from '../prompt.ts';
import { protocolOf } from '../protocols/protocols.ts';
import type { RecordedRun } from '../record/read-run.ts';
import { RunRecord } from '../record/run-record.ts';
import { judgeSlo } from '../stats/criterion.ts';
import { judgeKnee } from '../stats/knee.ts';
import { targetName } from '../target.ts';
import type { ElasticOutcome, PointSummary, SweepReport } from '../types.ts';
import { askHealth } from './health.ts';
import { offerRate, type PointTerms } from './offer-rate.ts';
import { takeBaseline } from './preflight.ts';
import type { SweepControl } from './sweep-control.ts';
import { sweepLoop } from './sweep-loop.ts';
import { manifestOf, orderOf, type SweepOptions } from './sweep-options.ts';
import { defaultMaxInFlight, inFlightWarnings, measuredRequests, planSweep, predictions } from './sweep-plan.ts';

export interface SweepDeps {
  readonly clock: Clock;
  readonly client: Pick<ChainClient, 'raw'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Sent to the target as a bearer token; not a setting, since those are written down. */
  readonly token?: string;
  /** What the operator asks while it runs. */
  readonly control?: SweepControl;
  /** Where the figures go; default: the files of the contract. */
  readonly outputs?: readonly Output[];
  /** Starts what offers the load; default: processes of this machine. */
  readonly startGenerator?: StartGenerator;
  /** Decides the steps in place of the profile's own. */
  readonly next?: NextStep;
  /** What an elastic profile has come to; asked for at the end. */
  readonly elasticOutcome?: () => ElasticOutcome;
  /** Told of the run's folder when it is there and before it says anything: nobody else shall write it. */
  readonly onFolder?: (folder: string) => Promise<void>;
}

/**
 * Offers one rate after another, as its profile says, as an open loop, and records what comes of it while it runs.
 * An abort ends the point that runs, keeps what it measured, and leaves out the rest; so does a disk that fills up
 * (`problem` then says so), and a condition of `abortOn` (`abortedBy`).
 *
 * @throws RemedyError: exit 5 when the target does not answer, exit 3 when results cannot be written
 */
export async function runSweep(options: SweepOptions, deps: SweepDeps): Promise<SweepReport> {
  const { clock, control, token } = deps;
  const outputs: readonly Output[] = deps.outputs ?? [new CsvOutput()];
  const emit: Emit = (event) => {
    for (const output of outputs) output.handle?.(event);
    deps.emit(event);
  };
  const health = options.preflight ? await askHealth(options.targetUrl, deps.client, deps.signal) : undefined;
  const baseline = options.probe === true ? await takeBaseline(options, deps) : undefined;
  const broken = new AbortController();
  let problem: string | undefined;
  const onFailure = (message: string) => {
    problem ??= message;
    broken.abort();
  };
  const startedAt = clock.now();
  const { profile, own } = planProfile(options);
  const { outFolder, tag } = options;
  const names = { outFolder, tag, targetName: targetName(options.targetUrl) };
  const record = await RunRecord.open({
    ...names,
    startedAt,
    expectedRows: profile.mostRequests?.(own, options.durationSeconds) ?? measuredRequests(options),
    onFailure,
    ...(options.resume === undefined ? {} : { resume: options.resume.folder }),
  });
  const unstop = control?.onStop(() => broken.abort());
  const probed = baseline === undefined ? {} : { probeMs: baseline.ms };
  const machine = { cores: availableParallelism(), descriptorLimit: descriptorLimit() };
  const generators = sweepGenerators(options, { ...machine, ...probed });
  const start = deps.startGenerator ?? GeneratorGroup.start;
  const pool = new GeneratorPool(() => start(generators));
  try {
    await deps.onFolder?.(record.folder);
    const run = { ...names, folder: record.folder, resumed: options.resume !== undefined, emit, onFailure };
    for (const output of outputs) await output.begin?.(run);
    const first = await pool.take();
    const maxInFlight = options.maxInFlight ?? defaultMaxInFlight(generators.maxInFlight);
    const known = { runId: record.runId, simulated: health?.simulated ?? false, maxInFlight, ...probed };
    const plan = planSweep(options, known, own);
    pool.give(first);
    const limits = { descriptors: first.descriptorLimit, maxInFlight, generators: generators.processes };
    const manifest = manifestOf(options, health, { plan, startedAt: beginning(options, startedAt), limits });
    await record.writeManifest({ ...manifest, status: 'running' });
    if (generators.processes > 1) {
      emit({ type: 'note', level: 'info', text: `${generators.processes} generator processes: ${generators.reason}` });
    }
    for (const note of [...(profile.notes?.(plan) ?? []), ...predictions(plan)]) emit({ type: 'note', ...note });
    for (const text of inFlightWarnings(plan)) emit({ type: 'note', level: 'warn', text });
    const samePrompts = sharedPrefixWarning(protocolOf(options.targetUrl).keeps, options.sharedPrefixTokens ?? 0);
    if (samePrompts !== undefined) emit({ type: 'note', level: 'warn', text: samePrompts });
    emit({ type: 'sweep-started', plan });
    const signal = AbortSignal.any([deps.signal, broken.signal]);
    const addToOutputs = async (point: PointSummary) => {
      for (const output of outputs) await output.addPoint?.(plan, point);
    };
    const points = keptPoints(options.resume);
    for (const point of points) await addToOutputs(point);
    const given = control === undefined ? {} : { control };
    let current = 0;
    const begin = async (index: number, rate: number, terms: PointTerms, durationSeconds = plan.durationSeconds) => {
      const generator = await pool.take();
      current = index;
      const ownPlan = { ...plan, durationSeconds };
      const order = { ...orderOf(options, ownPlan, index, rate), ...(token === undefined ? {} : { token }) };
      const { promise: sent, resolve: onSent } = Promise.withResolvers<void>();
      const shared = { record, outputs, clock, emit, signal, ...given };
      const point = { ...shared, generator, onSent, isCurrent: () => current === index };
      const result = offerRate(ownPlan, index, order, terms, point).finally(() => pool.give(generator));
      // The next step begins before this one has its last answer.
      if (profile.overlap) pool.spare();
      return { sent, result };
    };
    const add = async (point: PointSummary) => {
      points.push(point);
      await record.addPoint(point);
      await addToOutputs(point);
      emit({ type: 'point-done', point });
    };
    const { overlap, isOpen, hasKnee } = profile;
    const next = deps.next ?? profile.steps(plan);
    const steps = { next, overlap, points, baseline, signal, clock, emit, begin, add, ...given };
    const ending = await sweepLoop(options, steps);
    problem ??= ending.problem;
    points.sort((a, b) => a.index - b.index);
    const status = ending.finished && problem === undefined ? 'complete' : 'interrupted';
    const offered = isOpen ? { ...plan, rates: points.map(({ rate }) => rate) } : plan;
    const knee = hasKnee ? judgeKnee(points) : undefined;
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
    return {
      plan: offered,
      points,
      ...outcome,
      summaryCsv: join(outFolder, `${tag}_summary.csv`),
      runFolder: record.folder,
    };
  } finally {
    unstop?.();
    await pool.close();
    await record.close();
    await Promise.all(outputs.map((output) => output.close()));
  }
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
