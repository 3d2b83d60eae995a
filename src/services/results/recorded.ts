import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { remedy } from '../../errors.ts';
import { profileOf } from '../load/profiles/profiles.ts';
import type { Onlooker } from '../load/record/claims.ts';
import { type RecordedRun, type RunManifest, readRun } from '../load/record/read-run.ts';
import { type Capacity, kneeCapacity } from '../scaling/capacity.ts';
import { type ScalingFigures, scalingFigures } from '../scaling/elasticity.ts';
import { readTimeline, type Timeline } from '../scaling/read-timeline.ts';
import { shellWord } from '../words.ts';

/** A group that was watched while a run went on. */
export interface RecordedScaling {
  readonly timeline: Timeline;
  readonly figures: ScalingFigures;
}

/** What a report is made of: a recorded run without its single requests. Nothing of the machine that reads it. */
export type ReportedRun = Pick<RecordedRun, 'manifest' | 'report' | 'series'> & { readonly scaling?: RecordedScaling };

/**
 * Reads what a report is made of from a run's folder: the run, and the timeline of a group where one was watched.
 *
 * @param capacity of one instance; without it, what the watch was told, the knee of the run's own search, or its plateau
 * @param from as in {@link readRun}
 * @throws RemedyError (exit 2) when it is not the folder of a run
 */
export async function readReportedRun(folder: string, capacity?: Capacity, from?: Onlooker): Promise<ReportedRun> {
  const { manifest, report, series } = await readRun(folder, from);
  const timeline = await readTimeline(folder);
  return { manifest, report, series, ...(timeline && { scaling: scalingOf({ report, series }, timeline, capacity) }) };
}

/** A group that was watched without a run: the folder has no manifest. */
export interface WatchedGroup {
  /** Of the folder. */
  readonly name: string;
  readonly folder: string;
  readonly tag: string;
  readonly scaling: RecordedScaling;
}

/** @returns undefined for the folder of a run, and where nothing was seen */
export async function readWatchedGroup(folder: string, capacity?: Capacity): Promise<WatchedGroup | undefined> {
  const names = await readdir(folder);
  const timeline = names.includes('manifest.json') ? undefined : await readTimeline(folder);
  if (timeline === undefined) return undefined;
  const tag = names.find((name) => name.endsWith('_scale.csv'))?.slice(0, -'_scale.csv'.length) ?? 'watch';
  const figures = scalingFigures(timeline, capacity && { capacity });
  return { name: basename(resolve(folder)), folder, tag, scaling: { timeline, figures } };
}

/** The figures of a timeline beside a run. */
export function scalingOf(
  { report, series }: Pick<ReportedRun, 'report' | 'series'>,
  timeline: Timeline,
  capacity?: Capacity,
): RecordedScaling {
  const { plan, points } = report;
  // The knee of any other sweep may have been measured while the group grew.
  const seeks = profileOf(plan).seeksKnee && !timeline.about.capacityPerInstance;
  const known = capacity ?? (seeks ? kneeCapacity(report) : undefined);
  const load = { plan, points, series };
  return { timeline, figures: scalingFigures(timeline, { load, ...(known && { capacity: known }) }) };
}

/** Facts of the manifest that a reader wants beside the figures, in this order. */
export function factsOf(manifest: RunManifest): (readonly [name: string, text: string])[] {
  const { startedAt, endedAt, version, node, platform, machine = {}, commandLine } = manifest;
  const { cpus, cpuModel, memoryBytes } = machine;
  const hardware = [
    platform,
    typeof cpus === 'number' && `${cpus} cores`,
    typeof cpuModel === 'string' && cpuModel,
    typeof memoryBytes === 'number' && `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`,
  ];
  const facts = {
    started: timeOf(startedAt),
    ended: endedAt === undefined ? 'not recorded' : timeOf(endedAt),
    command: commandLine && ['chainctl', ...commandLine.map(shellWord)].join(' '),
    chainctl: version,
    Node: node,
    'load machine': hardware.filter(Boolean).join(', '),
  };
  return Object.entries(facts).flatMap(([name, text]) => (text ? [[name, text]] : []));
}

/** `2026-01-31 10:00:00 UTC`. */
export function timeOf(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
}

/** What one instance sustains, by the knee of a recorded run; throws (exit 2) where that has none with a rate above it. */
export async function runCapacity(folder: string): Promise<Capacity> {
  const { report, runId } = await readRun(folder);
  const capacity = kneeCapacity(report);
  if (capacity !== undefined) return { ...capacity, text: `${capacity.text}, of ${runId}` };
  const what = `${runId} does not show what one instance sustains: it has no knee with a rate above it`;
  throw remedy.usage('capacity-unknown', what, [
    'measure it: chainctl load --target invoke --rps 1,100 --find-knee',
    'or name it with --capacity-per-instance',
  ]);
}
