import type { PlannedChange } from './change.ts';
import type { Desired } from './resource.ts';
import type { ResourceRecord } from './state.ts';

/** A resource as the world showed it, beside what was recorded when it was made. */
export interface Observation {
  readonly live: unknown;
  /** The specification in the state file, for explaining a difference. */
  readonly recordedSpec?: unknown;
}

/** What is known of a resource beside what was found. */
interface Known {
  status(key: string): ResourceRecord['status'] | undefined;
  unseen(key: string): string | undefined;
}

/**
 * Compares what is wanted with what is there. Pure.
 *
 * @param observed by key; a missing key means that nothing was found
 * @param surplus keys of objects that exist and are not wanted
 * @param known what the state file says of a key (an update that was interrupted is made again), and why it could not be
 *   looked at: both explain why something has to be created
 */
export function planChanges(
  desired: readonly Desired[],
  observed: ReadonlyMap<string, Observation>,
  surplus: readonly string[],
  known: Known = { status: () => undefined, unseen: () => undefined },
): PlannedChange[] {
  const own = desired.map(({ resource, spec }): PlannedChange => {
    const { key } = resource;
    const observation = observed.get(key);
    if (observation === undefined) return { key, action: 'create', reason: explainAbsence(key, known) };
    const difference = resource.diff(spec, observation.live);
    if (difference !== 'same') {
      const reasons = resource.explain?.(spec, observation.live) ?? [];
      const reason = reasons.length > 0 ? reasons.join(', ') : explainDifference(observation.recordedSpec, spec);
      return { key, action: difference, reason };
    }
    if (known.status(key) === 'updating' && resource.update !== undefined) {
      return { key, action: 'update', reason: 'an earlier update was interrupted' };
    }
    return { key, action: 'unchanged', reason: 'as wanted' };
  });
  const changes = followReplacements(desired, own);
  return [...changes, ...surplus.map((key): PlannedChange => ({ key, action: 'remove', reason: 'no longer wanted' }))];
}

/**
 * Carries replacements on to what depends on them. What was lost and is made again counts only for dependents that can
 * follow in place: a replacement costs too much to be made for an object that its own `diff` finds as wanted.
 */
function followReplacements(desired: readonly Desired[], own: readonly PlannedChange[]): PlannedChange[] {
  const changes = new Map(own.map((change) => [change.key, change]));
  const resources = new Map(desired.map(({ resource }) => [resource.key, resource]));
  const settled = new Set<string>();
  const settle = (key: string): void => {
    const resource = resources.get(key);
    if (resource === undefined || settled.has(key)) return;
    settled.add(key);
    for (const dependency of resource.dependsOn) {
      settle(dependency);
      const cause = changes.get(dependency)?.action;
      const change = changes.get(key) as PlannedChange;
      if (cause !== 'replace' && cause !== 'create') continue;
      const wanted = resource.whenReplaced?.(dependency) ?? 'replace';
      if (wanted === 'update' && change.action === 'unchanged') {
        changes.set(key, {
          key,
          action: 'update',
          reason: `${dependency} is ${cause === 'create' ? 'made' : 'replaced'}`,
        });
      }
      const lasting = change.action === 'unchanged' || change.action === 'update';
      if (wanted === 'replace' && cause === 'replace' && lasting) {
        changes.set(key, { key, action: 'replace', reason: `${dependency} is replaced` });
      }
    }
  };
  for (const key of changes.keys()) settle(key);
  return [...changes.values()];
}

function explainAbsence(key: string, { status: statusOf, unseen }: Known): string {
  const status = statusOf(key);
  if (status === undefined) return 'not there';
  const why = unseen(key);
  if (why !== undefined) return `may exist, but cannot be inspected: ${why}`;
  return status === 'creating' || status === 'removing'
    ? 'an earlier run was interrupted here'
    : 'was deployed, but is gone';
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
