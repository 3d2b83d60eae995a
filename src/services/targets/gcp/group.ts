import type { Ownership, Resource, ResourceContext } from '../../stack/resource.ts';
import { bootWatch } from './boot/console.ts';
import type { Compute } from './compute.ts';
import type { InstanceGroupManager } from './compute-calls.ts';
import { groupCalls, type Port } from './group-calls.ts';
import { type GroupWait, untilStable } from './group-wait.ts';
import { objectName, shortName } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { type Location, locationName, samePath } from './paths.ts';
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
): Resource<GroupSpec, InstanceGroupManager> & { readonly name: string } {
  const key = groupKey(location);
  const calls = groupCalls(compute, location);
  const bodyOf = (spec: GroupSpec): InstanceGroupManager => ({
    versions: [{ instanceTemplate: spec.template }],
    autoHealingPolicies: [{ healthCheck: spec.healthCheck, initialDelaySec: spec.startSeconds }],
    updatePolicy: {
      type: 'PROACTIVE',
      minimalAction: 'REPLACE',
      maxSurge: { fixed: surgeOf(location) },
      maxUnavailable: { fixed: 0 },
    },
  });
  const stable = (context: ResourceContext, action: GroupWait['action'], raw: InstanceGroupManager) =>
    untilStable(calls, context, {
      key,
      action,
      name: objectName(owner.stack, GROUP_PART),
      project: compute.project,
      location,
      template: templateOf(raw),
      boots: bootWatch(compute),
      // A rollout goes from one instance to the next.
      deadlineSeconds: instanceSeconds * Math.max(1, raw.targetSize ?? 1),
    });

  const base = namedObject<GroupSpec, InstanceGroupManager>(owner, {
    key,
    part: GROUP_PART,
    dependsOn,
    get: calls.get,
    async insert(context, spec, made, step) {
      const baseInstanceName = objectName(owner.stack, INSTANCE_PART);
      const namedPorts = portsOf(spec);
      await calls.insert(
        context,
        { ...made, baseInstanceName, targetSize: spec.size, namedPorts, ...bodyOf(spec) },
        step,
      );
    },
    differences,
    async patch(context, spec, raw) {
      const name = raw.name ?? '';
      await calls.patch(context, name, { ...bodyOf(spec), fingerprint: raw.fingerprint ?? null }, patchStep(key));
      if (portOf(raw) !== spec.port) await calls.setNamedPorts(context, name, portsOf(spec), patchStep(key));
    },
    whenReplaced: () => 'update',
    ready: (context, raw) => stable(context, 'ready', raw),
    remove: (context, name) => calls.remove(context, name, { key, deadlineSeconds: REMOVE_SECONDS }),
    identify: (raw) => ({ location: locationName(location), template: shortName(templateOf(raw)) }),
  });

  /** Brings the group to a template and waits until all of it is there. */
  const roll = async (context: ResourceContext, spec: GroupSpec): Promise<InstanceGroupManager> => {
    const live = (await base.update?.(context, spec, {})) as InstanceGroupManager;
    await stable(context, 'update', live);
    return live;
  };
  return {
    ...base,
    async update(context, spec, live) {
      const before = await previousTemplate(compute, calls, context, { owner, live, wanted: spec.template });
      try {
        return await roll(context, spec);
      } catch (error) {
        if (context.signal.aborted || before === undefined) throw error;
        throw await rolledBack(context, { key, before, error }, () => roll(context, { ...spec, template: before }));
      }
    },
  };
}

function portsOf({ port }: GroupSpec): Port[] {
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

function differences(spec: GroupSpec, raw: InstanceGroupManager): string[] {
  const [healing] = raw.autoHealingPolicies ?? [];
  const port = portOf(raw);
  const template = templateOf(raw);
  return [
    ...(rollsOut(spec, raw) ? [`template: ${shortName(template)} -> ${shortName(spec.template)}`] : []),
    ...(raw.versions?.length === 1 || !raw.versions?.length ? [] : ['has several versions']),
    ...(port === spec.port ? [] : [`port: ${port} -> ${spec.port}`]),
    ...(samePath(healing?.healthCheck, spec.healthCheck) ? [] : ['autohealing asks another health check']),
    ...(healing?.initialDelaySec === spec.startSeconds
      ? []
      : [`autohealing after: ${healing?.initialDelaySec} s -> ${spec.startSeconds} s`]),
  ];
}
