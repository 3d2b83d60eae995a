import { stringify } from 'csv-stringify/sync';
import { countStates, type StateCounts } from './instance-state.ts';
import type { HostCount, ScaleSample } from './types.ts';

interface Row extends ScaleSample {
  /** Seconds since the timeline's beginning. */
  readonly offset: number;
  readonly groupName: string;
  readonly states: StateCounts;
  /** Hosts that answered. */
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
  error: ({ group: { errors } }) =>
    text(
      errors
        .slice(0, 1)
        .map(({ code, message }) => `${code}: ${message}`)
        .join(),
    ),
  problem: ({ problem = '' }) => text(problem),
};

export const SCALE_HEADER = stringify([Object.keys(COLUMNS)]);

/**
 * @param startedAt beginning of the timeline, milliseconds since the epoch
 * @param healthKnown whether the timeline has told so far which instances are healthy
 */
export function scaleRow(groupName: string, startedAt: number, sample: ScaleSample, healthKnown: boolean): string {
  const row: Row = {
    ...{ ...sample, groupName, offset: (sample.group.at - startedAt) / 1000 },
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
