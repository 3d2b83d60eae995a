import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { CsvFile } from '../load/record/csv-file.ts';
import { jsonLine } from '../load/record/json-lines.ts';
import { publish } from '../load/record/published-name.ts';
import { cannotWrite, resultsUnwritable } from '../load/record/results-folder.ts';
import { countStates, type StateCounts } from './instance-state.ts';
import type { HostCount, ScaleSample } from './types.ts';

/** The file of a run's folder that tells everything that was seen of a group; figures are made from it alone. */
export const TIMELINE_FILE = 'scale.jsonl';

/** What a timeline is of; its first line. */
export interface TimelineAbout {
  readonly group: string;
  readonly url?: string;
  /** Between two polls, as asked for. */
  readonly intervalSeconds: number;
  /** When the watch began, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Requests per second that one instance sustains, where the operator said so. */
  readonly capacityPerInstance?: number;
}

export interface TimelineOptions extends TimelineAbout {
  /** The run's folder; it must be there. */
  readonly folder: string;
  readonly tag: string;
  /** The results folder, where `<tag>_scale.csv` shows the latest timeline of the tag. */
  readonly outFolder?: string;
  /** Told once per file that can no longer be written; the watch may go on. */
  readonly onFailure: (message: string) => void;
}

export type TimelineRecord = Awaited<ReturnType<typeof openTimeline>>;

/**
 * Opens a group's timeline in a run's folder, or goes on with the one that is there: `scale.jsonl` with every instance
 * of every poll, which is the record, and `<tag>_scale.csv` with a row per poll, for people and spreadsheets. Both are
 * only ever appended to, so that a killed watch loses at most the line that it was writing.
 *
 * @throws RemedyError `results-unwritable` (exit 3)
 */
export async function openTimeline(options: TimelineOptions) {
  const { folder, tag, outFolder, onFailure, group, url, intervalSeconds, startedAt, capacityPerInstance } = options;
  const open = async (name: string, header: string) => {
    const path = join(folder, name);
    return CsvFile.resume(path, header, (error) => onFailure(cannotWrite(path, error)));
  };
  try {
    const lines = await open(TIMELINE_FILE, '');
    const rows = await open(`${tag}_scale.csv`, SCALE_HEADER);
    const complete = outFolder === undefined ? undefined : await publish(rows.path, outFolder);
    lines.append(jsonLine({ about: { group, url, intervalSeconds, startedAt, capacityPerInstance } }));
    let healthKnown = false;
    return {
      /** The CSV in the run's folder. */
      csv: rows.path,
      /** Appends one poll to both files; samples must come in order. */
      add: (sample: ScaleSample) => {
        healthKnown ||= sample.group.healthKnown === true;
        lines.append(jsonLine(sample));
        rows.append(scaleRow(group, startedAt, sample, healthKnown));
      },
      /** Resolves when everything that was added is in the files, or has failed. */
      flushed: async () => {
        await Promise.all([lines.flushed(), rows.flushed()]);
      },
      close: async () => {
        await Promise.all([lines.close(), rows.close()]);
        await complete?.();
      },
    };
  } catch (error) {
    throw resultsUnwritable(folder, error);
  }
}

/** A poll; seconds since the timeline's beginning, and the hosts that answered. */
interface Row extends ScaleSample {
  readonly offset: number;
  readonly groupName: string;
  readonly states: StateCounts;
  readonly seen: readonly HostCount[];
}

/**
 * One row per poll of a group. `time` is ISO 8601 UTC, `offset_s` counts from the timeline's beginning. The states nest:
 * one that serves is healthy and runs, too. Empty is "not known", 0 is none. `hosts` and `answers` are of `GET /health`
 * through the group's address, since the row before.
 */
const COLUMNS: Readonly<Record<string, (row: Row) => string | number>> = {
  time: ({ group }) => new Date(group.at).toISOString(),
  offset_s: ({ offset }) => offset.toFixed(3),
  group: ({ groupName }) => text(groupName),
  target_size: ({ group }) => group.targetSize ?? '',
  instances: ({ group }) => group.instances.length,
  creating: ({ states }) => states.creating,
  running: ({ states }) => states.running,
  healthy: ({ states }) => states.healthy ?? '',
  serving: ({ states }) => states.serving ?? '',
  leaving: ({ states }) => states.leaving,
  stable: ({ group: { stable } }) => (stable === undefined ? '' : Number(stable)),
  recommended_size: ({ group }) => group.autoscaler?.recommendedSize ?? '',
  autoscaler_min: ({ group }) => group.autoscaler?.min ?? '',
  autoscaler_max: ({ group }) => group.autoscaler?.max ?? '',
  autoscaler_status: ({ group }) => text(group.autoscaler?.status ?? ''),
  autoscaler_details: ({ group }) => text(group.autoscaler?.details.join('; ') ?? ''),
  hosts_seen: ({ seen }) => seen.length,
  answers: ({ seen }) => seen.reduce((sum, { answers }) => sum + answers, 0),
  hosts: ({ seen }) => text(seen.map(({ host, answers }) => `${host}=${answers}`).join(' ')),
  offered_rps: ({ load }) => load?.offeredRps ?? '',
  ok_rps: ({ load }) => load?.okRps ?? '',
  in_flight: ({ load }) => load?.inFlight ?? '',
  errors: ({ group }) => group.errors.length,
  error: ({ group: { errors } }) => text(errors[0] === undefined ? '' : `${errors[0].code}: ${errors[0].message}`),
  problem: ({ problem = '' }) => text(problem),
};

const SCALE_HEADER = stringify([Object.keys(COLUMNS)]);

/**
 * @param startedAt beginning of the timeline, milliseconds since the epoch
 * @param healthKnown whether the timeline has told so far which instances are healthy
 */
function scaleRow(groupName: string, startedAt: number, sample: ScaleSample, healthKnown: boolean): string {
  const row: Row = {
    ...sample,
    groupName,
    offset: (sample.group.at - startedAt) / 1000,
    states: countStates(sample.group, healthKnown),
    seen: sample.hosts.filter(({ answers }) => answers > 0),
  };
  return stringify([Object.values(COLUMNS).map((cell) => cell(row))]);
}

/** One line, and no formula in a spreadsheet: it comes from the cloud. */
function text(foreign: string): string {
  const line = foreign.replaceAll(/\p{Cc}+/gu, ' ');
  return /^[=+\-@]/.test(line) ? `'${line}` : line;
}
