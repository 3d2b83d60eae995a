import { refuseElsewhere as refuse } from '../../stack/elsewhere.ts';
import { goneWithTheRest } from '../../stack/gone-with-the-rest.ts';
import type { Ownership, Resource, ResourceContext, Target } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { BACKEND_GROUP, RULE } from './balancer.ts';
import type { BootTarget } from './boot-source.ts';
import type { Compute } from './compute.ts';
import { byKey, type GcpResources, gcpResources } from './desired.ts';
import { isGroupKey, placeOf } from './group.ts';
import { listMarked } from './inventory.ts';
import { rulePerHour } from './prices.ts';
import { recordedRequest } from './request.ts';
import { isTemplateKey } from './template.ts';

const NO_TEMPLATE = 'template-00000000';

/**
 * Compute Engine of one project as a place for resources.
 *
 * @param resources the wanted ones, where something is to be made
 * @param seen filled with the keys of groups and templates that exist
 */
export function gcpTarget(
  compute: Compute,
  owner: Ownership,
  boot: BootTarget | undefined,
  { resources, seen = [] }: { readonly resources?: GcpResources; readonly seen?: string[] } = {},
): Target {
  const own = (key: string): Resource<unknown, unknown> | undefined => {
    const wanted = resources === undefined ? undefined : byKey(resources, key);
    if (wanted !== undefined) return wanted;
    const template = isTemplateKey(key) ? key : NO_TEMPLATE;
    // What leads to the group is compared with the one that there is.
    const location = placeOf(key) ?? placeOf(seen.find(isGroupKey) ?? '') ?? { zone: compute.zone };
    return byKey(gcpResources(compute, owner, { location, template, seen }), key);
  };
  return {
    name: 'gcp',
    async discover(context: ResourceContext) {
      const [marked, booting = []] = await Promise.all([
        listMarked(compute, context.signal, owner.stack),
        boot?.discover(context),
      ]);
      const keys = marked.map(({ key }) => key).filter((key) => own(key) !== undefined);
      for (const key of keys) if ((isTemplateKey(key) || isGroupKey(key)) && !seen.includes(key)) seen.push(key);
      const joined = marked.some(({ kind, size = 0 }) => kind === 'backend service' && size > 0) ? [BACKEND_GROUP] : [];
      return [...new Set([...keys, ...joined, ...booting])];
    },
    costOf: (key, spec) => (key === RULE ? `${rulePerHour()} USD/h` : boot?.costOf?.(key, spec)),
    handle: (key) => own(key) ?? boot?.handle(key) ?? goneWithTheRest(key),
  };
}

/**
 * What of a stack is on Compute Engine, for looking and for removing.
 *
 * @param record what the state file holds of the target, if anything
 * @throws RemedyError (exit 3) when the stack is in another project
 */
export function openGcpTarget(
  compute: Compute,
  stack: string,
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  boot: BootTarget | undefined,
): Target {
  refuseElsewhere(record, { stack, project: compute.project });
  return gcpTarget(compute, { stack, createdBy: '' }, boot);
}

/**
 * A stack is in one project. Its zone may change: the group moves.
 *
 * @throws RemedyError (exit 3) when the state names objects of another project
 */
export function refuseElsewhere(
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  { stack, project }: { readonly stack: string; readonly project: string },
): void {
  const recorded = recordedRequest(record?.request)?.project;
  refuse('gcp', record, [
    {
      recorded,
      here: project,
      message: `this stack is in project ${recorded}, not in ${project}`,
      nextSteps: [
        `use --project ${recorded}`,
        `or tear it down there first: chainctl teardown gcp --project ${recorded}${stackOption(stack)}`,
      ],
    },
  ]);
}
