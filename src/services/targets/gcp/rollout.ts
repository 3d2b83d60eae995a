import { ExitCode, RemedyError, reasonOf } from '../../../errors.ts';
import type { Ownership, ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { InstanceGroupManager } from './compute-calls.ts';
import { nameFilter, readMarker, shortName } from './names.ts';
import { samePath } from './paths.ts';
import { isTemplateKey } from './template.ts';

interface Before {
  readonly owner: Ownership;
  readonly live: InstanceGroupManager;
  /** Path of the template that is to be rolled out. */
  readonly wanted: string;
}

/**
 * Where a rollout can go back to: the template that the group is set to, or, where an earlier run had set it to the new
 * one already and was killed, the one that its instances are still made from, else the newest other one that the stack has.
 *
 * @returns path of the template; undefined where there is no other
 */
export async function previousTemplate(
  there: Compute,
  { signal }: ResourceContext,
  { owner, live, wanted }: Before,
): Promise<string | undefined> {
  const other = (template: string | null | undefined) => Boolean(template) && !samePath(template, wanted);
  const set = live.versions?.[0]?.instanceTemplate ?? live.instanceTemplate;
  if (set && other(set)) return set;
  const group = { instanceGroupManager: live.name ?? '' };
  const instances = await there.read('instanceGroupManagers.listManagedInstances', group, signal);
  const used = instances.map(({ version }) => version?.instanceTemplate).find(other);
  if (used) return used;
  const templates = await there.read('instanceTemplates.list', { filter: nameFilter(owner.stack) }, signal);
  const newest = templates
    .filter(({ description, selfLink }) => {
      const marker = readMarker(description);
      return marker?.stack === owner.stack && isTemplateKey(marker.key) && other(selfLink);
    })
    .sort((one, two) => Date.parse(two.creationTimestamp ?? '') - Date.parse(one.creationTimestamp ?? ''));
  return newest[0]?.selfLink ?? undefined;
}

/**
 * Goes back after a rollout that failed, and says so.
 *
 * @param back brings the group to the template before and waits until it is stable
 * @returns the error that the rollout amounts to, with the reason of the first failure
 */
export async function rolledBack(
  { emit, signal }: ResourceContext,
  { key, before, error }: { readonly key: string; readonly before: string; readonly error: unknown },
  back: () => Promise<unknown>,
): Promise<RemedyError> {
  const known = error instanceof RemedyError ? error : undefined;
  const template = shortName(before);
  const why = reasonOf(error);
  emit({ type: 'note', level: 'warn', text: `${key}: ${why}; going back to ${template}` });
  const options = { code: 'gcp-rolled-back', exit: known?.exit ?? ExitCode.unhealthy, cause: error };
  try {
    await back();
  } catch (second) {
    if (signal.aborted) throw second;
    const text = `${key}: the change failed (${why}), and so did the rollback to ${template}: ${reasonOf(second)}`;
    const nextSteps = ['run the same command again', 'or start over: chainctl teardown gcp, then chainctl deploy gcp'];
    return new RemedyError(text, { ...options, nextSteps });
  }
  return new RemedyError(`${key}: the change failed and was rolled back to ${template}, which is serving: ${why}`, {
    ...options,
    nextSteps: [...(known?.nextSteps ?? []), 'correct what the message names, then run deploy again'],
  });
}
