import type { Emit } from '../../../events.ts';
import type { Clock } from '../../clock.ts';
import { Generator } from '../engine/generator-process.ts';
import { type CreateCsv, RunRecord } from '../record/run-record.ts';
import { answerKind, targetName } from '../target.ts';
import type { PointSummary, SweepReport } from '../types.ts';
import { askHealth, type TargetHealth } from './health.ts';
import { runPoint } from './run-point.ts';
import { defaultMaxInFlight, inFlightWarnings, measuredRequests, planSweep, type SweepSettings } from './sweep-plan.ts';

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
  /** For the manifest: the command line, the machine, versions; nothing secret. */
  readonly about: Readonly<Record<string, unknown>>;
}

export interface SweepDeps {
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** How result files are made; the default is the real one. */
  readonly createCsv?: CreateCsv;
}

/**
 * Offers every rate of the ladder, one after another, as an open loop, and records what comes of it while it runs.
 * An abort ends the point that runs, keeps what it measured, and leaves out the rest; so does a disk that fills up
 * (`problem` then says so).
 *
 * @throws RemedyError: exit 5 when the target does not answer, exit 3 when results cannot be written
 */
export async function runSweep(options: SweepOptions, deps: SweepDeps): Promise<SweepReport> {
  const { clock, emit } = deps;
  const health = options.preflight ? await askHealth(options.targetUrl, deps.fetch, deps.signal) : undefined;
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
    ...(deps.createCsv === undefined ? {} : { createCsv: deps.createCsv }),
  });
  let generator = await Generator.start();
  try {
    const maxInFlight = options.maxInFlight ?? defaultMaxInFlight(generator.descriptorLimit);
    const plan = planSweep(options, { runId: record.runId, simulated: health?.simulated ?? false, maxInFlight });
    const manifest = manifestOf(options, health, { plan, startedAt: iso(startedAt) });
    await record.writeManifest({ ...manifest, status: 'running' });
    if (record.retired > 0) {
      const text = `${record.retired} files of an earlier run with tag ${options.tag} make room; they stay in its folder`;
      emit({ type: 'note', level: 'info', text });
    }
    for (const text of inFlightWarnings(plan)) emit({ type: 'note', level: 'warn', text });
    emit({ type: 'sweep-started', plan });
    const signal = AbortSignal.any([deps.signal, broken.signal]);
    const points: PointSummary[] = [];
    for (const [index, rate] of plan.rates.entries()) {
      if (signal.aborted) break;
      if (!generator.alive) generator = await Generator.start();
      const order = {
        type: 'run',
        url: plan.targetUrl,
        kind: answerKind(plan.targetUrl),
        rate,
        warmupMs: plan.warmupSeconds * 1000,
        durationMs: plan.durationSeconds * 1000,
        drainMs: plan.drainSeconds * 1000,
        timeoutMs: plan.timeoutSeconds * 1000,
        maxInFlight,
        prompt: options.prompt,
        seed: options.seed,
        series: index,
      } as const;
      const point = await runPoint(plan, index, order, { generator, record, clock, emit, signal });
      points.push(point);
      await record.addPoint(plan, point);
      emit({ type: 'point-done', point });
    }
    const complete = points.length === plan.rates.length && points.every(({ status }) => status === 'complete');
    const status = complete && problem === undefined ? 'complete' : 'interrupted';
    const outcome = { status, ...(problem === undefined ? {} : { problem }) } as const;
    // A disk that is full keeps the manifest of the beginning; the problem is told either way.
    const ended = record.writeManifest({ ...manifest, ...outcome, endedAt: iso(clock.now()), points });
    await (problem === undefined ? ended : ended.catch(() => {}));
    return { plan, points, ...outcome, summaryCsv: record.summaryCsv, runFolder: record.folder };
  } finally {
    await generator.close();
    await record.close();
  }
}

function manifestOf(options: SweepOptions, health: TargetHealth | undefined, more: object): Record<string, unknown> {
  const { prompt, about, ...settings } = options;
  return { ...more, ...about, settings: { ...settings, promptCodePoints: [...prompt].length }, health };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
