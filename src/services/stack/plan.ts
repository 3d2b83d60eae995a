import type { Desired } from './resource.ts';
import type { ResourceRecord } from './state.ts';

/** What applying a desired stack would do to one resource, and why. */
export interface PlannedChange {
  readonly key: string;
  readonly action: 'create' | 'update' | 'replace' | 'remove' | 'unchanged';
  readonly reason: string;
}

/** A resource as the world showed it, beside what was recorded when it was made. */
export interface Observation {
  readonly live: unknown;
  /** The specification in the state file, for explaining a difference. */
  readonly recordedSpec?: unknown;
}

/**
 * Compares what is wanted with what is there. Pure.
 *
 * @param observed by key; a missing key means that nothing was found
 * @param surplus keys of objects that exist and are not wanted
 * @param recordedStatus what the state file says of a key, for explaining why something has to be created
 */
export function planChanges(
  desired: readonly Desired[],
  observed: ReadonlyMap<string, Observation>,
  surplus: readonly string[],
  recordedStatus: (key: string) => ResourceRecord['status'] | undefined = () => undefined,
): PlannedChange[] {
  const changes = desired.map(({ resource, spec }): PlannedChange => {
    const { key } = resource;
    const observation = observed.get(key);
    if (observation === undefined) return { key, action: 'create', reason: explainAbsence(recordedStatus(key)) };
    const difference = resource.diff(spec, observation.live);
    if (difference === 'same') return { key, action: 'unchanged', reason: 'as wanted' };
    return { key, action: difference, reason: explainDifference(observation.recordedSpec, spec) };
  });
  return [...changes, ...surplus.map((key): PlannedChange => ({ key, action: 'remove', reason: 'no longer wanted' }))];
}

function explainAbsence(status: ResourceRecord['status'] | undefined): string {
  if (status === undefined) return 'not there';
  return status === 'creating' ? 'an earlier run was interrupted here' : 'was deployed, but is gone';
}

/** Names the first few fields in which two specifications differ, with both values where they are short. */
function explainDifference(before: unknown, after: unknown): string {
  if (before === undefined) return 'differs from what is wanted';
  const old = flatten(before);
  const wanted = flatten(after);
  const names = [...new Set([...old.keys(), ...wanted.keys()])].filter((name) => old.get(name) !== wanted.get(name));
  if (names.length === 0) return 'differs from what is wanted';
  const shown = names.slice(0, 3).map((name) => `${name}: ${brief(old.get(name))} -> ${brief(wanted.get(name))}`);
  return names.length > 3 ? `${shown.join(', ')} and ${names.length - 3} more` : shown.join(', ');
}

function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[prefix, JSON.stringify(value) ?? 'undefined']]);
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [...flatten(inner, prefix === '' ? name : `${prefix}.${name}`)]),
  );
}

function brief(json: string | undefined): string {
  if (json === undefined) return 'unset';
  const text = json.replace(/^"|"$/g, '');
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}
