import { LiveObjects } from './live-objects.ts';
import type { Resource, Target } from './resource.ts';
import type { ResourceRecord } from './state.ts';
import type { StepDeps } from './steps.ts';

/**
 * How a resource compares with its record: `in-sync`; `changed`; `gone`, recorded but not there; `unseen`, recorded, and
 * not to be looked at; `unrecorded`, there but not in the state; `unfinished`, where a run was interrupted.
 */
type DriftState = 'in-sync' | 'changed' | 'gone' | 'unseen' | 'unrecorded' | 'unfinished';

export interface ResourceDrift {
  readonly key: string;
  readonly drift: DriftState;
  /** What is different, in a few words. */
  readonly detail?: string;
}

/**
 * Looks at every resource of a target that is recorded or found, and compares it with its record. Changes nothing.
 *
 * @throws what looking throws: a resource that cannot be seen is not reported as gone
 */
export async function driftOf(
  target: Target,
  { context, journal }: Pick<StepDeps, 'context' | 'journal'>,
): Promise<ResourceDrift[]> {
  const objects = new LiveObjects(context, (key) => target.handle(key));
  const keys = new Set([...Object.keys(journal.target.resources), ...(await target.discover(context))]);
  return Promise.all(
    [...keys].sort().map(async (key) => {
      const live = await objects.find(key);
      const why = objects.whyUnseen(key);
      if (live === undefined && why !== undefined) return { key, drift: 'unseen' as const, detail: why };
      return { key, ...compare(target.handle(key), live, journal.resource(key)) };
    }),
  );
}

function compare(
  resource: Resource<unknown, unknown>,
  live: unknown,
  record: ResourceRecord | undefined,
): Omit<ResourceDrift, 'key'> {
  if (record === undefined) return { drift: 'unrecorded', detail: 'there, but not in the state file' };
  const unfinished =
    record.status === 'ready' ? undefined : `the last run was interrupted while it was "${record.status}"`;
  if (live === undefined) {
    return record.status === 'creating'
      ? { drift: 'unfinished', detail: 'was about to be made, and is not there' }
      : { drift: 'gone', detail: 'recorded, but not there' };
  }
  const before = record.identity;
  const now = resource.identify(live);
  const moved = Object.keys(now)
    .filter((name) => before[name] !== undefined && before[name] !== now[name])
    .map((name) => `${name} ${before[name]} -> ${now[name]}`);
  // What was found without a record and is being removed: nobody knows what it was made from.
  if (record.spec === undefined && unfinished !== undefined) return { drift: 'unfinished', detail: unfinished };
  const difference = resource.diff(record.spec, live);
  const explained = resource.explain?.(record.spec, live) ?? [];
  const differs = difference === 'same' ? [] : explained.length > 0 ? explained : ['not as it was specified'];
  const changes = [...differs, ...moved];
  if (changes.length > 0) return { drift: 'changed', detail: changes.join(', ') };
  return unfinished === undefined ? { drift: 'in-sync' } : { drift: 'unfinished', detail: unfinished };
}
