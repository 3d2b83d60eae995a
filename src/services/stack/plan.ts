import type { PlannedChange } from './change.ts';
import type { Journal } from './journal.ts';
import type { LiveObjects } from './live-objects.ts';
import type { Desired } from './resource.ts';

interface Known {
  /** What the state file says: an update that was interrupted is made again. */
  readonly journal: Pick<Journal, 'resource'>;
  /** Why it could not be looked at. */
  readonly objects: Pick<LiveObjects, 'whyUnseen'>;
}

/**
 * Compares what is wanted with what is there. Pure.
 *
 * @param observed live objects by key; a missing key means that nothing was found
 * @param surplus keys of objects that exist and are not wanted
 */
export function planChanges(
  desired: readonly Desired[],
  observed: ReadonlyMap<string, unknown>,
  surplus: readonly string[],
  known: Known,
): PlannedChange[] {
  const own = desired.map(({ resource, spec }): PlannedChange => {
    const { key } = resource;
    if (!observed.has(key)) return { key, action: 'create', reason: explainAbsence(key, known) };
    const recorded = known.journal.resource(key);
    const difference = resource.diff(spec, observed.get(key));
    if (difference !== 'same') {
      const reasons = resource.explain?.(spec, observed.get(key)) ?? [];
      const reason = reasons.length > 0 ? reasons.join(', ') : explainDifference(recorded?.spec, spec);
      return { key, action: difference, reason };
    }
    if (recorded?.status === 'updating' && resource.update !== undefined) {
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
      if (cause !== 'replace' && cause !== 'create') continue;
      const action = changes.get(key)?.action;
      const wanted = resource.whenReplaced?.(dependency) ?? 'replace';
      const reason = `${dependency} is ${cause === 'create' ? 'made' : 'replaced'}`;
      if (wanted === 'update' && action === 'unchanged') changes.set(key, { key, action: 'update', reason });
      const lasting = action === 'unchanged' || action === 'update';
      if (wanted === 'replace' && cause === 'replace' && lasting) changes.set(key, { key, action: 'replace', reason });
    }
  };
  for (const key of changes.keys()) settle(key);
  return [...changes.values()];
}

function explainAbsence(key: string, { journal, objects }: Known): string {
  const status = journal.resource(key)?.status;
  if (status === undefined) return 'not there';
  const why = objects.whyUnseen(key);
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
  return `${shown.join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
}

function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[prefix, JSON.stringify(value) ?? 'undefined']]);
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [...flatten(inner, prefix === '' ? name : `${prefix}.${name}`)]),
  );
}

function brief(json = 'unset'): string {
  const text = json.replace(/^"|"$/g, '');
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}
