import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { reasonOf } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import type { ChainClient } from '../../chain/client.ts';
import { defined } from '../../defined.ts';
import { type ProxyServer, proxyNote } from '../../dial/proxy.ts';
import type { ElasticOutcome } from '../elastic-outcome.ts';
import { descriptorLimit } from '../engine/descriptors.ts';
import { GeneratorGroup } from '../generators/generator-group.ts';
import { GeneratorPool } from '../generators/generator-pool.ts';
import type { StartGenerator } from '../generators/load-generator.ts';
import { sweepGenerators } from '../generators/plan-generators.ts';
import { CsvOutput } from '../outputs/csv.ts';
import type { Output } from '../outputs/output.ts';
import type { NextStep, Step } from '../profiles/profile.ts';
import { askedPoints, conclusionOf, planProfile } from '../profiles/profiles.ts';
import { RunRecord } from '../record/run-record.ts';
import { windowSeconds } from '../schedule/window.ts';
import { judgeSlo, objectivesOf } from '../stats/objective.ts';
import { targetName } from '../target.ts';
import type { PointSummary, SweepReport } from '../types.ts';
import { fitRates } from './fit-rates.ts';
import { askHealth } from './health.ts';
import { offerRate, type SweepContext } from './offer-rate.ts';
import { takeBaseline } from './preflight.ts';
import { sweepLoop } from './sweep-loop.ts';
import { askedOf, longestOf, manifestOf, orderOf, type SweepOptions } from './sweep-options.ts';
import { defaultMaxInFlight, measuredRequests, planNotes, planSweep } from './sweep-plan.ts';

export interface SweepDeps extends SweepContext {
  readonly client: Pick<ChainClient, 'raw'>;
  /** Of every request, by lower-case names; not settings, since those are written down. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Stands between here and the target. */
  readonly proxy?: ProxyServer;
  /** Certificates of authorities that are trusted beside the usual ones, PEM. */
  readonly ca?: string;
  /** Where the figures go; default: the files of the contract. */
  readonly outputs?: readonly Output[];
  /** Starts what offers the load; default: processes of this machine. */
  readonly startGenerator?: StartGenerator;
  /** Decides the steps in place of the profile's own. */
  readonly next?: NextStep;
  /** Leaves out steps of the profile, or shortens them. */
  readonly bound?: (next: NextStep) => NextStep;
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
export async function runSweep(asked: SweepOptions, deps: SweepDeps): Promise<SweepReport> {
  const { clock, control, headers = {}, proxy, ca } = deps;
  const outputs: readonly Output[] = deps.outputs ?? [new CsvOutput()];
  const emit: Emit = (event) => {
    for (const output of outputs) output.handle?.(event);
    deps.emit(event);
  };
  if (proxy !== undefined) emit({ type: 'note', level: 'warn', text: proxyNote(proxy, asked.targetUrl) });
  const health = asked.preflight ? await askHealth(asked, { ...deps, headers }) : undefined;
  const { baseline, failure, ...adapted } = asked.probe === true ? await takeBaseline(asked, { ...deps, headers }) : {};
  const options = fitRates({ ...asked, ...adapted }, baseline?.ms, emit);
  const broken = new AbortController();
  let problem: string | undefined;
  const onFailure = (message: string) => {
    problem ??= message;
    broken.abort();
  };
  const startedAt = clock.now();
  const { profile, own } = planProfile(options);
  const { outFolder, tag, resume } = options;
  const names = { outFolder, tag, targetName: targetName(options.targetUrl) };
  const expectedRows = profile.mostRequests?.(own, options.durationSeconds) ?? measuredRequests(longestOf(options));
  const record = await RunRecord.open(
    defined({ ...names, startedAt, expectedRows, onFailure, resume: resume?.folder }),
  );
  const unstop = control?.onStop(() => broken.abort());
  const probed = defined({ probeMs: baseline?.ms, probeFailure: failure });
  const machine = { cores: availableParallelism(), descriptorLimit: descriptorLimit() };
  const generators = sweepGenerators(atPeak(options), { ...machine, ...probed });
  const start = deps.startGenerator ?? GeneratorGroup.start;
  const pool = new GeneratorPool(() => start(generators));
  try {
    await deps.onFolder?.(record.folder);
    const { loop } = own;
    // What an earlier process finished; the rest is measured again.
    const points = (resume?.points ?? []).filter(({ status }) => KEPT.includes(status));
    const kept = resume && points.map(({ perRequestCsv }) => basename(perRequestCsv));
    const run = defined({ ...names, folder: record.folder, loop, kept, goodput: options.goodput, emit, onFailure });
    for (const output of outputs) await output.begin?.(run);
    const first = await pool.take();
    const maxInFlight = options.maxInFlight ?? defaultMaxInFlight(generators.maxInFlight);
    const known = { runId: record.runId, simulated: health?.simulated ?? false, maxInFlight, ...probed };
    const plan = planSweep(options, known, own, askedOf(options));
    pool.give(first);
    const limits = { descriptors: first.descriptorLimit, maxInFlight, generators: generators.processes };
    const began = resume?.manifest.startedAt ?? iso(startedAt);
    const way = defined({ proxy: proxy?.url });
    const manifest = manifestOf(options, health, { plan, startedAt: began, limits, ...way });
    await record.writeManifest({ ...manifest, status: 'running' });
    if (generators.processes > 1) {
      emit({ type: 'note', level: 'info', text: `${generators.processes} generator processes: ${generators.reason}` });
    }
    for (const note of planNotes(plan)) emit({ type: 'note', ...note });
    emit({ type: 'sweep-started', plan });
    const signal = AbortSignal.any([deps.signal, broken.signal]);
    const addToOutputs = async (point: PointSummary) => {
      for (const output of outputs) await output.addPoint?.(plan, point);
    };
    for (const point of points) await addToOutputs(point);
    const context = { clock, emit, signal, control };
    let current = 0;
    const begin = async (
      { index, rate, durationSeconds, requests = plan.requests }: Step,
      contaminated: string | undefined,
    ) => {
      const generator = await pool.take();
      current = index;
      const longest = durationSeconds ?? plan.untilCertain?.maxDurationSeconds;
      const ofStep = { ...plan, ...defined({ requests }) };
      const ownPlan = { ...ofStep, durationSeconds: windowSeconds(ofStep, rate, longest) };
      const order = defined({ ...orderOf(options, ownPlan, index, rate), headers, proxy, ca });
      await generator.prepare?.(order).catch((error: unknown) => {
        if (points.length === 0) throw error;
        // What was measured before is kept.
        onFailure(reasonOf(error));
      });
      const { promise: sent, resolve: onSent } = Promise.withResolvers<void>();
      const terms = {
        data: options.data,
        abortOn: options.abortOn ?? [],
        objectives: { ...objectivesOf(options), isSearched: plan.limit !== undefined },
        untilCertain: options.untilCertain,
        leastSeconds: plan.durationSeconds,
        contaminated,
        onSent,
        isCurrent: () => current === index,
      };
      const result = offerRate(ownPlan, order, { ...context, ...terms, generator, record, outputs }).finally(() =>
        pool.give(generator),
      );
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
    const { overlap, isOpen } = profile;
    const next = (deps.bound ?? unbounded)(deps.next ?? profile.steps(plan));
    // A run of an earlier version that goes on may have both: a search would be given the same rate again and again.
    const terms = { ...options, stopAboveKnee: options.stopAboveKnee === true && profile.seeksKnee !== true };
    const ending = await sweepLoop(terms, { ...context, next, overlap, points, baseline, begin, add });
    problem ??= ending.problem;
    points.sort((a, b) => a.index - b.index);
    const offered = isOpen || deps.bound !== undefined ? { ...plan, rates: points.map(({ rate }) => rate) } : plan;
    const concluded = conclusionOf(plan, points);
    const asked = askedPoints(plan, points, concluded.knee);
    const outcome = defined({
      status: ending.finished && problem === undefined ? 'complete' : 'interrupted',
      ...concluded,
      slos: options.slos?.length ? options.slos.map((slo) => judgeSlo(slo, asked)) : undefined,
      abortedBy: ending.abortedBy,
      problem,
      elastic: deps.elasticOutcome?.(),
    });
    // A disk that is full keeps the manifest of the beginning; the problem is told either way.
    const ended = record.writeManifest({ ...manifest, plan: offered, ...outcome, endedAt: iso(clock.now()) });
    await (problem === undefined ? ended : ended.catch(() => {}));
    const summaryCsv = join(outFolder, `${tag}_summary.csv`);
    return { plan: offered, points, ...outcome, summaryCsv, runFolder: record.folder };
  } finally {
    unstop?.();
    await pool.close();
    await record.close();
    await Promise.all(outputs.map((output) => output.close()));
  }
}

const unbounded = (next: NextStep) => next;

/** Generators have to send the highest rate within a point. */
function atPeak(options: SweepOptions): SweepOptions {
  const { stages } = options;
  return stages === undefined
    ? options
    : { ...options, rates: [Math.max(...stages.flatMap(({ from, to }) => [from, to]))] };
}

/** What is not measured again: a point that the operator cut short was cut short on purpose. */
const KEPT: readonly PointSummary['status'][] = ['complete', 'skipped', 'cut'];

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
