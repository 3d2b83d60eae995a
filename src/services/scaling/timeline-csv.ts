import { stringify } from 'csv-stringify/sync';
import { countStates } from './instance-state.ts';
import type { ScaleSample } from './types.ts';

/**
 * One row per poll of a group. `time` is ISO 8601 UTC, `offset_s` counts from the timeline's beginning. The states nest:
 * one that serves is healthy and runs, too. Empty is "not known", 0 is none. `hosts` and `answers` are of `GET /health`
 * through the group's address, since the row before.
 */
export const SCALE_COLUMNS = [
  'time',
  'offset_s',
  'group',
  'target_size',
  'instances',
  'creating',
  'running',
  'healthy',
  'serving',
  'leaving',
  'stable',
  'recommended_size',
  'autoscaler_min',
  'autoscaler_max',
  'autoscaler_status',
  'autoscaler_details',
  'hosts_seen',
  'answers',
  'hosts',
  'offered_rps',
  'ok_rps',
  'in_flight',
  'errors',
  'error',
  'problem',
] as const;

type Cell = string | number;

/**
 * @param startedAt beginning of the timeline, milliseconds since the epoch
 * @param healthKnown whether the timeline has told so far which instances are healthy
 */
export function scaleRow(group: string, startedAt: number, sample: ScaleSample, healthKnown: boolean): string {
  const { at, targetSize, instances, stable, autoscaler, errors } = sample.group;
  const states = countStates(sample.group, healthKnown);
  const seen = sample.hosts.filter(({ answers }) => answers > 0);
  const [error] = errors;
  const row: Record<(typeof SCALE_COLUMNS)[number], Cell> = {
    time: new Date(at).toISOString(),
    offset_s: ((at - startedAt) / 1000).toFixed(3),
    group: text(group),
    target_size: targetSize ?? '',
    instances: instances.length,
    creating: states.creating,
    running: states.running,
    healthy: states.healthy ?? '',
    serving: states.serving ?? '',
    leaving: states.leaving,
    stable: stable === undefined ? '' : Number(stable),
    recommended_size: autoscaler?.recommendedSize ?? '',
    autoscaler_min: autoscaler?.min ?? '',
    autoscaler_max: autoscaler?.max ?? '',
    autoscaler_status: text(autoscaler?.status ?? ''),
    autoscaler_details: text(autoscaler?.details.join('; ') ?? ''),
    hosts_seen: seen.length,
    answers: seen.reduce((sum, { answers }) => sum + answers, 0),
    hosts: text(seen.map(({ host, answers }) => `${host}=${answers}`).join(' ')),
    offered_rps: sample.load?.offeredRps ?? '',
    ok_rps: sample.load?.okRps ?? '',
    in_flight: sample.load?.inFlight ?? '',
    errors: errors.length,
    error: text(error === undefined ? '' : `${error.code}: ${error.message}`),
    problem: text(sample.problem ?? ''),
  };
  return stringify([SCALE_COLUMNS.map((column) => row[column])]);
}

/** One line, and no formula in a spreadsheet: it comes from the cloud. */
function text(foreign: string): string {
  const line = foreign.replaceAll(/\p{Cc}+/gu, ' ');
  return /^[=+\-@]/.test(line) ? `'${line}` : line;
}
