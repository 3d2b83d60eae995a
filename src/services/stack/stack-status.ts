import { lookAtAll } from './live-objects.ts';
import { atPlace, type Place } from './places.ts';
import type { Resource, ResourceContext, Target } from './resource.ts';
import type { ResourceRecord, TargetRecord } from './state.ts';
import { interruptedWhile, type TargetStatus } from './target-status.ts';

/**
 * How a resource compares with its record: `in-sync`; `changed`; `gone`, recorded but not there; `unseen`, recorded, and
 * not to be looked at; `unrecorded`, there but not in the state; `unfinished`, where a run was interrupted.
 */
type DriftState = 'in-sync' | 'changed' | 'gone' | 'unseen' | 'unrecorded' | 'unfinished';

interface Drift {
  readonly drift: DriftState;
  /** What is different, in a few words. */
  readonly detail?: string;
}

export type ResourceDrift = Drift & { readonly key: string };

export interface ReportedTarget extends TargetStatus {
  readonly drift?: readonly ResourceDrift[];
}

/**
 * What is deployed of a stack on all places. Reads only, and takes no lock.
 *
 * @param refresh look at every resource of every recorded place, and compare it with its record
 */
export async function stackStatus(
  places: readonly Place[],
  { refresh }: { readonly refresh: boolean },
  context: ResourceContext,
): Promise<ReportedTarget[]> {
  const targets = await Promise.all(
    places.map((place) =>
      atPlace(place, async (connection) => {
        const status = await connection.status();
        if (status === undefined || !refresh) return status;
        const target = await connection.target('refresh', context);
        return { ...status, drift: await driftOf(target, place.site.record?.resources ?? {}, context) };
      }),
    ),
  );
  return targets.filter((target) => target !== undefined);
}

/** @throws what looking throws: a resource that cannot be seen is not reported as gone */
export async function driftOf(
  target: Target,
  records: TargetRecord['resources'],
  context: ResourceContext,
): Promise<ResourceDrift[]> {
  const seen = await lookAtAll(target, records, { ...context, recorded: (key) => records[key] });
  return seen.map(({ resource, live, unseen }) => ({
    key: resource.key,
    ...(unseen === undefined
      ? compare(resource, live, records[resource.key])
      : { drift: 'unseen' as const, detail: unseen }),
  }));
}

function compare(resource: Resource<unknown, unknown>, live: unknown, record: ResourceRecord | undefined): Drift {
  if (record === undefined) return { drift: 'unrecorded', detail: 'there, but not in the state file' };
  if (live === undefined) {
    return record.status === 'creating'
      ? { drift: 'unfinished', detail: 'was about to be made, and is not there' }
      : { drift: 'gone', detail: 'recorded, but not there' };
  }
  const unfinished = record.status === 'ready' ? undefined : interruptedWhile(record.status);
  // What was found without a record and is being removed: nobody knows what it was made from.
  if (record.spec === undefined && unfinished !== undefined) return { drift: 'unfinished', detail: unfinished };
  const explained = resource.explain?.(record.spec, live) ?? [];
  const same = resource.diff(record.spec, live) === 'same';
  const differs = same ? [] : explained.length > 0 ? explained : ['not as it was specified'];
  const moved = Object.entries(resource.identify(live))
    .filter(([name, now]) => record.identity[name] !== undefined && record.identity[name] !== now)
    .map(([name, now]) => `${name} ${record.identity[name]} -> ${now}`);
  const changes = [...differs, ...moved];
  if (changes.length > 0) return { drift: 'changed', detail: changes.join(', ') };
  return unfinished === undefined ? { drift: 'in-sync' } : { drift: 'unfinished', detail: unfinished };
}
