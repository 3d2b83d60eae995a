import { isDeepStrictEqual } from 'node:util';
import { defined } from '../defined.ts';
import type { RunManifest } from '../load/record/read-run.ts';
import { bodySha256, SETTINGS_VERSION } from '../load/sweep/sweep-options.ts';
import type { SweepPlan } from '../load/types.ts';
import { comparableWorkload } from '../load/workload/comparable.ts';

/** What was asked of the targets of two runs, and is not the same. */
export interface WorkloadDiff {
  readonly differs: readonly SettingDiff[];
  /** Settings that one of the runs does not tell, because it is of an earlier version; they may differ. */
  readonly unknown: readonly string[];
}

interface SettingDiff {
  readonly setting: string;
  /** Absent: not asked for. */
  readonly a?: unknown;
  readonly b?: unknown;
}

/**
 * Settings that say where, when and how long is measured and how it is judged, and not what is sent: they may differ. What
 * is not named here is compared, so that a new setting is before anybody thinks of it. Target, duration and timeout are
 * compared as parts of the plan.
 */
const MAY_DIFFER: readonly string[] = [
  ...['targetUrl', 'tag', 'outFolder', 'seed', 'rates', 'durationSeconds', 'timeoutSeconds', 'drainSeconds', 'resume'],
  ...['preflight', 'probe', 'gateSeconds', 'maxInFlight', 'stopAboveKnee', 'findKnee', 'maxDurationSeconds', 'elastic'],
  ...['slos', 'abortOn', 'goodput', 'untilCertain', 'concurrency', 'requests', 'api', 'requestTimes'],
  // The hash tells.
  'promptCodePoints',
];

/** Known to every manifest that has settings: where they are not named, they were not asked for. */
const LONG_KNOWN: readonly string[] = [
  ...['arrivals', 'stream', 'requestsPerConnection', 'connectionAgeMs', 'sharedPrefixTokens', 'warmupSeconds'],
];

interface Workload extends Pick<RunManifest, 'settings' | 'settingsVersion'> {
  readonly plan: SweepPlan;
}

/** Compares whatever settings the runs have, but for those that may differ. */
export function diffWorkloads(a: Workload, b: Workload): WorkloadDiff {
  const [ofA, ofB] = [workloadOf(a), workloadOf(b)];
  if (ofA === undefined || ofB === undefined) {
    const which = ofA === undefined ? (ofB === undefined ? 'both runs' : 'A') : 'B';
    return { differs: [], unknown: [`all settings of ${which}`] };
  }
  const differs: SettingDiff[] = [];
  const unknown: string[] = [];
  for (const setting of new Set([...Object.keys(ofA), ...Object.keys(ofB)])) {
    const [one, other] = [ofA[setting], ofB[setting]];
    if (isDeepStrictEqual(one, other)) continue;
    const silent = one === undefined ? a : other === undefined ? b : undefined;
    const tells = silent === undefined || LONG_KNOWN.includes(setting) || knowsAll(silent);
    if (!tells) unknown.push(setting);
    else differs.push(defined({ setting, a: one ?? a.settings?.[setting], b: other ?? b.settings?.[setting] }));
  }
  return { differs, unknown };
}

function knowsAll({ settingsVersion }: Workload): boolean {
  return typeof settingsVersion === 'number' && settingsVersion >= SETTINGS_VERSION;
}

/** What stands for not having asked. */
const NOTHING: readonly unknown[] = [undefined, null, false, 0, '', 'constant'];

/** The settings that were asked for; undefined for a run that does not tell any. */
function workloadOf({ settings, plan }: Workload): Readonly<Record<string, unknown>> | undefined {
  if (settings === undefined) return undefined;
  const { api = lastWord(plan.targetUrl) } = plan;
  const { workload: _, stages: __, template: ___, ...others } = settings;
  const asked = Object.entries({
    ...{ ...others, bodySha256: bodySha256(settings), protocol: api },
    ...comparableWorkload(settings),
  }).filter(([name, value]) => !MAY_DIFFER.includes(name) && !NOTHING.includes(value) && !isEmpty(value));
  // As it is after a manifest was read.
  return JSON.parse(JSON.stringify(Object.fromEntries(asked)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function lastWord(url: string): string {
  return new URL(url).pathname.split('/').findLast((word) => word !== '') ?? '';
}

/** Which settings differ, and with which values; undefined where none does. */
export function workloadReason({ differs }: WorkloadDiff): string | undefined {
  if (differs.length === 0) return undefined;
  const each = differs.map(({ setting, a, b }) => `${nameOf(setting)} ${valueText(a)} and ${valueText(b)}`);
  return `other workload: ${each.join('; ')}`;
}

/** `promptSha256` -> `prompt`, `connectionAgeMs` -> `connection age ms`. */
export function nameOf(setting: string): string {
  return setting.replace(/Sha256$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const LONGEST = 60;

function valueText(value: unknown): string {
  if (value === undefined) return '(none)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A hash is told by its beginning.
  const short = /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
  return short.length > LONGEST ? `${short.slice(0, LONGEST - 3)}...` : short;
}
