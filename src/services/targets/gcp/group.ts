import type { Ownership, ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { InstanceGroupManager } from './compute-calls.ts';
import { type GroupWait, untilStable } from './group-wait.ts';
import { objectName, shortName } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change } from './operations.ts';
import { type Location, locationName, parseLocation, pathIn, samePath } from './paths.ts';
import { nameAt, placed } from './placed.ts';
import { previousTemplate, rolledBack } from './rollout.ts';

const GROUP = 'group-';
/** What the course called the group, in the stack's naming. */
export const GROUP_PART = 'llm-b-mig';
const INSTANCE_PART = 'llm-b';
/** What a backend service calls the port by: the group's name for it. */
export const PORT_NAME = 'http';
/** Removing a group removes its VMs, each of which may take its time to shut down. */
const REMOVE_SECONDS = 900;

export const groupKey = (location: Location) => `${GROUP}${locationName(location)}`;
export const isGroupKey = (key: string) => key.startsWith(GROUP);

/** Where the object with this key is, for those whose key says so. */
export function placeOf(key: string): Location | undefined {
  const [, place] = /^(?:group|autoscaler)-(.+)$/.exec(key) ?? [];
  return place === undefined ? undefined : parseLocation(place);
}

/** How many VMs a rolling replace is ahead. It spreads over the zones of a region, of which there are mostly three. */
export const surgeOf = (location: Location) => ('zone' in location ? 1 : 3);

export interface GroupSpec {
  /** Path of the template. */
  readonly template: string;
  /** How many instances it begins with; the autoscaler decides afterwards. */
  readonly size: number;
  readonly port: number;
  /** Path of the health check that decides which instance is replaced. */
  readonly healthCheck: string;
  /** Seconds that autohealing leaves a new instance alone. */
  readonly startSeconds: number;
}

interface GroupDeps {
  readonly dependsOn: readonly string[];
  /** Seconds within which one instance must have become ready, and one that leaves must be gone. */
  readonly instanceSeconds: number;
}

/**
 * The managed instance group of service B in one zone or region. Another template is rolled out instance by instance,
 * never with fewer than before; one that does not become stable is taken back.
 */
export function instanceGroup(
  compute: Compute,
  owner: Ownership,
  location: Location,
  { dependsOn, instanceSeconds }: GroupDeps,
) {
  const key = groupKey(location);
  const here = placed(compute, location);
  const changed = ({ template, healthCheck, startSeconds }: GroupSpec): InstanceGroupManager => ({
    versions: [{ instanceTemplate: template }],
    autoHealingPolicies: [{ healthCheck, initialDelaySec: startSeconds }],
    updatePolicy: {
      type: 'PROACTIVE',
      minimalAction: 'REPLACE',
      maxSurge: { fixed: surgeOf(location) },
      maxUnavailable: { fixed: 0 },
    },
  });
  const stable = (context: ResourceContext, action: GroupWait['action'], raw: InstanceGroupManager) =>
    untilStable(here, context, {
      key,
      action,
      name: objectName(owner.stack, GROUP_PART),
      location,
      template: templateOf(raw),
      // A rollout goes from one instance to the next.
      deadlineSeconds: instanceSeconds * Math.max(1, raw.targetSize ?? 1),
    });

  const base = namedObject(here, owner, 'instanceGroupManagers', {
    key,
    part: GROUP_PART,
    dependsOn,
    bodyOf: (spec: GroupSpec) => ({
      baseInstanceName: objectName(owner.stack, INSTANCE_PART),
      targetSize: spec.size,
      namedPorts: portsOf(spec),
      ...changed(spec),
    }),
    factsOf: (raw) => ({
      template: shortName(templateOf(raw)),
      versions: raw.versions?.length || 1,
      port: portOf(raw),
      'health check': pathIn(raw.autoHealingPolicies?.[0]?.healthCheck),
      'autohealing after seconds': raw.autoHealingPolicies?.[0]?.initialDelaySec,
    }),
    async patch(context, spec, raw) {
      const name = raw.name ?? '';
      const body = { ...changed(spec), fingerprint: raw.fingerprint ?? null };
      const manager = { instanceGroupManager: name, instanceGroupManagerResource: body };
      await change(here, context, 'instanceGroupManagers.patch', manager, patchStep(key));
      if (portOf(raw) === spec.port) return;
      // Only the instance group behind the manager takes other names for ports.
      const ports = nameAt(location, 'instanceGroupsSetNamedPortsRequestResource');
      const input = { instanceGroup: name, [ports]: { namedPorts: portsOf(spec) } };
      await change(here, context, 'instanceGroups.setNamedPorts', input, patchStep(key));
    },
    whenReplaced: () => 'update',
    ready: (context, raw) => stable(context, 'ready', raw),
    removeSeconds: REMOVE_SECONDS,
    identify: (raw) => ({ location: locationName(location), template: shortName(templateOf(raw)) }),
  });

  /** Brings the group to a template and waits until all of it is there. */
  const roll = async (context: ResourceContext, spec: GroupSpec): Promise<InstanceGroupManager> => {
    const live = await base.update(context, spec);
    await stable(context, 'update', live);
    return live;
  };
  return {
    ...base,
    async update(context: ResourceContext, spec: GroupSpec, live: InstanceGroupManager) {
      const before = await previousTemplate(here, context, { owner, live, wanted: spec.template });
      try {
        return await roll(context, spec);
      } catch (error) {
        if (context.signal.aborted || before === undefined) throw error;
        throw await rolledBack(context, { key, before, error }, () => roll(context, { ...spec, template: before }));
      }
    },
  };
}

function portsOf({ port }: GroupSpec) {
  return [{ name: PORT_NAME, port }];
}

function portOf({ namedPorts }: InstanceGroupManager): number | null | undefined {
  return namedPorts?.find(({ name }) => name === PORT_NAME)?.port;
}

function templateOf({ versions, instanceTemplate }: InstanceGroupManager): string {
  return versions?.[0]?.instanceTemplate || instanceTemplate || '';
}

/** Whether a group is to be brought to another template: instance by instance, and a few more than before meanwhile. */
export function rollsOut(spec: GroupSpec, live: InstanceGroupManager): boolean {
  return !samePath(templateOf(live), spec.template);
}
