import type { ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Autoscaler, InstanceGroupManager } from './compute-calls.ts';
import type { ChangeStep } from './operations.ts';
import { change, removeObject } from './operations.ts';
import type { Location } from './paths.ts';

export interface Port {
  readonly name: string;
  readonly port: number;
}

export type GroupCalls = ReturnType<typeof groupCalls>;

type RemoveStep = Pick<ChangeStep, 'key' | 'deadlineSeconds'>;

/**
 * The calls for a group and its autoscaler in one place. A region has the same calls as a zone, with the region in place
 * of the zone and under other names: the types are those of the zone.
 */
export function groupCalls(compute: Compute, location: Location) {
  const here = <Name extends string>(name: Name): Name =>
    'zone' in location ? name : (`region${name.charAt(0).toUpperCase()}${name.slice(1)}` as Name);
  const at = (name: string) => ({ ...location, instanceGroupManager: name });
  return {
    get: (name: string, signal: AbortSignal) => compute.read(here('instanceGroupManagers.get'), at(name), signal),
    instances: (name: string, signal: AbortSignal) =>
      compute.read(here('instanceGroupManagers.listManagedInstances'), at(name), signal),
    errors: (name: string, signal: AbortSignal) =>
      compute.read(here('instanceGroupManagers.listErrors'), at(name), signal),
    insert(context: ResourceContext, body: InstanceGroupManager, step: ChangeStep) {
      const input = { ...location, instanceGroupManagerResource: body };
      return change(compute, context, here('instanceGroupManagers.insert'), input, step);
    },
    patch(context: ResourceContext, name: string, body: InstanceGroupManager, step: ChangeStep) {
      const input = { ...at(name), instanceGroupManagerResource: body };
      return change(compute, context, here('instanceGroupManagers.patch'), input, step);
    },
    /** The group's names for ports: only the instance group behind the manager takes other ones. */
    setNamedPorts(context: ResourceContext, name: string, ports: readonly Port[], step: ChangeStep) {
      const body = here('instanceGroupsSetNamedPortsRequestResource');
      const input = { ...location, instanceGroup: name, [body]: { namedPorts: [...ports] } };
      return change(compute, context, here('instanceGroups.setNamedPorts'), input, step);
    },
    remove: (context: ResourceContext, name: string, step: RemoveStep) =>
      removeObject(compute, context, here('instanceGroupManagers.delete'), at(name), step),
    autoscaler: {
      get: (name: string, signal: AbortSignal) =>
        compute.read(here('autoscalers.get'), { ...location, autoscaler: name }, signal),
      insert: (context: ResourceContext, autoscalerResource: Autoscaler, step: ChangeStep) =>
        change(compute, context, here('autoscalers.insert'), { ...location, autoscalerResource }, step),
      /** Puts it in the place of the one before: a patch would leave the signal that is not wanted any more. */
      update(context: ResourceContext, name: string, autoscalerResource: Autoscaler, step: ChangeStep) {
        const input = { ...location, autoscaler: name, autoscalerResource };
        return change(compute, context, here('autoscalers.update'), input, step);
      },
      remove: (context: ResourceContext, name: string, step: RemoveStep) =>
        removeObject(compute, context, here('autoscalers.delete'), { ...location, autoscaler: name }, step),
    },
  };
}
