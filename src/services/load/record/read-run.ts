import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf, remedy } from '../../../errors.ts';
import { defined } from '../../defined.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { Step } from '../profiles/profile.ts';
import { askedPoints, conclusionOf, profileOf } from '../profiles/profiles.ts';
import { protocolOf } from '../protocols/protocols.ts';
import { ArrivedTokens } from '../stats/arrived-tokens.ts';
import { Collector } from '../stats/collector.ts';
import type { Criterion } from '../stats/criterion.ts';
import { spacingOf } from '../stats/due-rate.ts';
import { judgeSlo, objectivesOf } from '../stats/objective.ts';
import { summarizePoint } from '../stats/point-summary.ts';
import { changingState } from '../stats/steadiness.ts';
import { judgeEnding } from '../stats/validity.ts';
import { targetName } from '../target.ts';
import type { PointSummary, SecondSample, SweepPlan, SweepReport } from '../types.ts';
import { fateOf, type Onlooker } from './claims.ts';
import { readRequests } from './csv-reader.ts';
import { readJsonLines } from './json-lines.ts';
import { pointFiles } from './published-name.ts';

/** `manifest.json`: written when the run begins, and again when it ends. Fields beyond these are kept as they are. */
export interface RunManifest
  extends Pick<SweepReport, 'plan' | 'problem' | 'abortedBy' | 'knee' | 'searched' | 'limit' | 'slos' | 'elastic'> {
  readonly runId: string;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** `running` is also what a run says that was killed. */
  readonly status: 'running' | 'complete' | 'interrupted';
  /** How the run was asked for, without the prompt's text. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Absent in earlier versions. */
  readonly settingsVersion?: number;
  readonly version?: string;
  readonly node?: string;
  readonly platform?: string;
  readonly machine?: Readonly<Record<string, unknown>>;
  readonly commandLine?: readonly string[];
  readonly [more: string]: unknown;
}

/** A line of `series.jsonl`: one second of one point. */
export interface SeriesSample extends SecondSample {
  /** Of the point, as in {@link PointSummary.index}. */
  readonly index: number;
  readonly rate: number;
}

/**
 * A run as its folder tells it, whether it ended well, was interrupted or was killed.
 *
 * - `points`: in the order of their index. A point that was being measured when the process died is recomputed from its
 *   rows: `status: 'interrupted'`, its open requests `incomplete`
 * - `series`: in the order of point and second; `series.filter((s) => s.index === point.index)` is one point's
 * - `report`: what the sweep returned, put together again; its `status` tells a killed run from one that still runs
 * - `requests(point)`: reads the rows of a point again, as often as wanted, one after another
 */
export interface RecordedRun {
  readonly folder: string;
  readonly runId: string;
  readonly manifest: RunManifest;
  readonly points: readonly PointSummary[];
  readonly series: readonly SeriesSample[];
  readonly report: SweepReport;
  requests(point: PointSummary): AsyncIterable<RequestRecord>;
}

/**
 * Reads a run's folder, `results/<run-id>`, also what a killed process left: a cut-off last line is passed over.
 *
 * @param from who tells whether the process of a run without an end is still there; without it, it counts as killed
 * @throws RemedyError (exit 2) when it is not the folder of a run
 */
export async function readRun(folder: string, from?: Onlooker): Promise<RecordedRun> {
  const manifest = await readManifest(folder);
  const { plan } = manifest;
  const ended = manifest.status === 'running' ? await fateOf(folder, from) : { status: manifest.status };
  const { isOpen } = profileOf(plan);
  const series = await readSeries(folder);
  const points = await readPoints(folder);
  for (const left of await unfinished(folder, plan, points, series)) {
    const samples = series.filter(({ index }) => index === left.index);
    points.push(await recoverPoint(plan, left, samples, manifest.settings ?? {}, ended.status));
  }
  points.sort((a, b) => a.index - b.index);
  const { problem, abortedBy, elastic } = manifest;
  // Earlier versions do not say what a search came to.
  const isConcluded = plan.search === undefined ? (manifest.knee ?? manifest.limit) : manifest.searched;
  const { knee, searched, limit } = isConcluded ? manifest : conclusionOf(plan, points);
  const isOver = manifest.status !== 'running';
  const slos = isOver
    ? manifest.slos
    : thresholdsOf(manifest)?.map((slo) => judgeSlo(slo, askedPoints(plan, points, knee)));
  const outFolder = join(folder, '..');
  const report: SweepReport = {
    // Until its end, a plan that is made on the way has only the bounds of its rates.
    plan: isOver || !isOpen ? plan : { ...plan, rates: points.map(({ rate }) => rate) },
    points,
    ...ended,
    ...defined({ knee, searched, limit, slos, problem, abortedBy, elastic }),
    summaryCsv: join(outFolder, `${plan.tag}_summary.csv`),
    runFolder: folder,
  };
  // A point that was skipped has no file.
  const requests = (point: PointSummary) => readRequests(join(folder, basename(point.perRequestCsv) || 'none.csv'));
  return { folder, runId: manifest.runId, manifest, points, series, report, requests };
}

/** The thresholds that a run was asked to judge, as its beginning tells them. */
function thresholdsOf({ settings }: RunManifest): readonly Criterion[] | undefined {
  const slos = settings?.slos;
  return Array.isArray(slos) && slos.length > 0 ? slos : undefined;
}

async function readManifest(folder: string): Promise<RunManifest> {
  const path = join(folder, 'manifest.json');
  try {
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    const { targetUrl, tag, rates } = manifest?.plan ?? {};
    if (!URL.canParse(targetUrl) || typeof tag !== 'string' || !Array.isArray(rates)) throw new Error('it has no plan');
    return manifest;
  } catch (cause) {
    throw remedy.usage(
      'run-unreadable',
      `${folder} is not the folder of a run: ${reasonOf(cause)}`,
      ['name the folder of a run, results/RUN-ID: "ls results" shows them'],
      cause,
    );
  }
}

/** A point that was measured again after an interruption is there twice: the last one counts. */
async function readPoints(folder: string): Promise<PointSummary[]> {
  const byIndex = new Map<number, PointSummary>();
  for (const point of await readJsonLines<PointSummary>(join(folder, 'points.jsonl'))) {
    // Runs of earlier versions call it valid where nothing succeeded.
    byIndex.set(point.index, point.validity === 'valid' ? { ...point, validity: judgeEnding(point) } : point);
  }
  return [...byIndex.values()];
}

async function readSeries(folder: string): Promise<SeriesSample[]> {
  const byPoint = new Map<number, Map<number, SeriesSample>>();
  for (const sample of await readJsonLines<SeriesSample>(join(folder, 'series.jsonl'))) {
    const seconds = byPoint.get(sample.index);
    // A point that is measured again begins with its first second: what its first attempt left goes.
    if (seconds?.has(sample.second) === false) seconds.set(sample.second, sample);
    else byPoint.set(sample.index, new Map([[sample.second, sample]]));
  }
  const samples = [...byPoint.values()].flatMap((seconds) => [...seconds.values()]);
  return samples.sort((a, b) => a.index - b.index || a.second - b.second);
}

/** The file of a point whose process died before it could sum up. */
interface Unfinished extends Step {
  readonly path: string;
  readonly startedAt: string;
}

/** Files of points without a summary: the one that was running when the process died; where they overlap, several. */
async function unfinished(
  folder: string,
  plan: SweepPlan,
  points: readonly PointSummary[],
  series: readonly SeriesSample[],
): Promise<Unfinished[]> {
  const files = await pointFiles(folder, `${plan.tag}_${targetName(plan.targetUrl)}`);
  const left: Unfinished[] = [];
  for (const { name, rate } of files.toSorted((one, other) => one.nth - other.nth)) {
    if (points.some(({ perRequestCsv }) => basename(perRequestCsv) === name)) continue;
    const path = join(folder, name);
    const index = indexOf(rate, plan, [...points, ...left], series);
    left.push({ path, rate, index, startedAt: (await stat(path)).birthtime.toISOString() });
  }
  return left;
}

/**
 * The index of a point without a summary: that of its seconds, where it lasted for one. Which rate comes when is known from
 * the plan only where the points do not decide it.
 *
 * @param known points that have theirs already
 */
function indexOf(rate: number, plan: SweepPlan, known: readonly Step[], series: readonly Step[]): number {
  const isFree = (index: number) => known.every((each) => each.index !== index);
  const seen = series.filter((each) => each.rate === rate && isFree(each.index)).map(({ index }) => index);
  if (seen.length > 0) return Math.min(...seen);
  const planned = profileOf(plan).isOpen ? -1 : plan.rates.findIndex((each, index) => each === rate && isFree(index));
  return planned >= 0 ? planned : 1 + [...known, ...series].reduce((most, { index }) => Math.max(most, index), -1);
}

/**
 * Sums up a point from its rows and its seconds. A row is written when a request ends: those that were open when the
 * process died are known from the time series only, and count as incomplete without a time.
 */
async function recoverPoint(
  plan: SweepPlan,
  { path, rate, index, startedAt }: Unfinished,
  series: readonly SecondSample[],
  settings: NonNullable<RunManifest['settings']>,
  fate: SweepReport['status'],
): Promise<PointSummary> {
  const collected = new Collector(protocolOf(plan), objectivesOf(settings));
  const arrived = new ArrivedTokens();
  let lastMs = 0;
  for await (const record of readRequests(path)) {
    if (collected.has(record.index)) continue;
    collected.add(record);
    arrived.add(record);
    lastMs = Math.max(lastMs, record.intendedMs + (record.latenessMs ?? 0) + (record.serviceMs ?? 0));
  }
  for (const { second, inFlight } of series) collected.addInFlight((second + 1) * 1000, inFlight);
  const seen = series.reduce((sum, { sent }) => sum + sent, 0);
  const sent = Math.max(collected.recorded, seen);
  const isTimed = plan.loop === undefined && (plan.turns ?? 1) === 1;
  let openMs: number | undefined;
  for (let open = 0; collected.recorded < sent; open++) {
    if (collected.has(open)) continue;
    const intendedMs = isTimed ? (open * 1000) / rate : lastMs;
    openMs ??= intendedMs;
    collected.add({
      index: open,
      intendedMs,
      outcome: 'incomplete',
      class: 'interrupted',
      status: 0,
      error: fate === 'running' ? 'open when the run was read' : 'open when the run was killed',
    });
  }
  const longest =
    plan.untilCertain?.maxDurationSeconds ?? profileOf(plan).longestSeconds?.(plan) ?? plan.durationSeconds;
  const lastSecond = Math.max(0, ...series.map(({ second }) => second + 1));
  const durationSeconds = Math.min(longest, Math.max(lastSecond, lastMs / 1000));
  const perSecond = arrived.rate(defined({ warmup: plan.warmupSeconds > 0, endMs: 1000 * durationSeconds, openMs }));
  return summarizePoint(
    {
      index,
      rate,
      startedAt,
      loop: plan.loop,
      spacing: spacingOf({ ...plan, arrivals: settings.arrivals, varies: plan.workload?.varies }),
      durationSeconds,
      status: 'interrupted',
      scheduled: sent,
      maxInFlight: plan.maxInFlight,
      progress: {
        phase: 'drain',
        elapsedMs: lastMs,
        sent,
        dropped: 0,
        inFlight: 0,
        peakInFlight: Math.max(0, ...series.map(({ inFlight }) => inFlight)),
        newConnections: 0,
        windowTokens: perSecond === undefined ? undefined : perSecond * durationSeconds,
        cpuSeconds: 0,
      },
      perRequestCsv: path,
      varies: changingState(plan),
      wallSeconds: 0,
    },
    collected,
  );
}
