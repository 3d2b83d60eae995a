import type { ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Autoscaler, InstanceError, InstanceGroupManager, ManagedInstance } from './compute-calls.ts';
import type { ChangeStep } from './operations.ts';
import { change, removeObject } from './operations.ts';
import type { Location } from './paths.ts';

/** The calls for a group and its autoscaler, which have other names for a zone and for a region. */
export interface GroupCalls {
  get(name: string, signal: AbortSignal): Promise<InstanceGroupManager>;
  instances(name: string, signal: AbortSignal): Promise<readonly ManagedInstance[]>;
  errors(name: string, signal: AbortSignal): Promise<readonly InstanceError[]>;
  insert(context: ResourceContext, body: InstanceGroupManager, step: ChangeStep): Promise<unknown>;
  patch(context: ResourceContext, name: string, body: InstanceGroupManager, step: ChangeStep): Promise<unknown>;
  /** The group's names for ports: only the instance group behind the manager takes other ones. */
  setNamedPorts(context: ResourceContext, name: string, ports: readonly Port[], step: ChangeStep): Promise<unknown>;
  remove(context: ResourceContext, name: string, step: RemoveStep): Promise<void>;
  readonly autoscaler: {
    get(name: string, signal: AbortSignal): Promise<Autoscaler>;
    insert(context: ResourceContext, body: Autoscaler, step: ChangeStep): Promise<unknown>;
    /** Puts it in the place of the one before: a patch would leave the signal that is not wanted any more. */
    update(context: ResourceContext, name: string, body: Autoscaler, step: ChangeStep): Promise<unknown>;
    remove(context: ResourceContext, name: string, step: RemoveStep): Promise<void>;
  };
}

export interface Port {
  readonly name: string;
  readonly port: number;
}

type RemoveStep = Pick<ChangeStep, 'key' | 'deadlineSeconds'>;

export function groupCalls(compute: Compute, location: Location): GroupCalls {
  return 'zone' in location ? zonal(compute, location) : regional(compute, location);
}

function zonal(compute: Compute, { zone }: { readonly zone: string }): GroupCalls {
  const at = (name: string) => ({ zone, instanceGroupManager: name });
  return {
    get: (name, signal) => compute.read('instanceGroupManagers.get', at(name), signal),
    instances: (name, signal) => compute.read('instanceGroupManagers.listManagedInstances', at(name), signal),
    errors: (name, signal) => compute.read('instanceGroupManagers.listErrors', at(name), signal),
    insert: (context, instanceGroupManagerResource, step) =>
      change(compute, context, 'instanceGroupManagers.insert', { zone, instanceGroupManagerResource }, step),
    patch: (context, name, instanceGroupManagerResource, step) =>
      change(compute, context, 'instanceGroupManagers.patch', { ...at(name), instanceGroupManagerResource }, step),
    setNamedPorts: (context, name, ports, step) => {
      const instanceGroupsSetNamedPortsRequestResource = { namedPorts: [...ports] };
      const input = { zone, instanceGroup: name, instanceGroupsSetNamedPortsRequestResource };
      return change(compute, context, 'instanceGroups.setNamedPorts', input, step);
    },
    remove: (context, name, step) => removeObject(compute, context, 'instanceGroupManagers.delete', at(name), step),
    autoscaler: {
      get: (name, signal) => compute.read('autoscalers.get', { zone, autoscaler: name }, signal),
      insert: (context, autoscalerResource, step) =>
        change(compute, context, 'autoscalers.insert', { zone, autoscalerResource }, step),
      update: (context, name, autoscalerResource, step) =>
        change(compute, context, 'autoscalers.update', { zone, autoscaler: name, autoscalerResource }, step),
      remove: (context, name, step) =>
        removeObject(compute, context, 'autoscalers.delete', { zone, autoscaler: name }, step),
    },
  };
}

function regional(compute: Compute, { region }: { readonly region: string }): GroupCalls {
  const at = (name: string) => ({ region, instanceGroupManager: name });
  return {
    get: (name, signal) => compute.read('regionInstanceGroupManagers.get', at(name), signal),
    instances: (name, signal) => compute.read('regionInstanceGroupManagers.listManagedInstances', at(name), signal),
    errors: (name, signal) => compute.read('regionInstanceGroupManagers.listErrors', at(name), signal),
    insert: (context, instanceGroupManagerResource, step) =>
      change(compute, context, 'regionInstanceGroupManagers.insert', { region, instanceGroupManagerResource }, step),
    patch: (context, name, instanceGroupManagerResource, step) =>
      change(
        compute,
        context,
        'regionInstanceGroupManagers.patch',
        { ...at(name), instanceGroupManagerResource },
        step,
      ),
    setNamedPorts: (context, name, ports, step) => {
      const regionInstanceGroupsSetNamedPortsRequestResource = { namedPorts: [...ports] };
      const input = { region, instanceGroup: name, regionInstanceGroupsSetNamedPortsRequestResource };
      return change(compute, context, 'regionInstanceGroups.setNamedPorts', input, step);
    },
    remove: (context, name, step) =>
      removeObject(compute, context, 'regionInstanceGroupManagers.delete', at(name), step),
    autoscaler: {
      get: (name, signal) => compute.read('regionAutoscalers.get', { region, autoscaler: name }, signal),
      insert: (context, autoscalerResource, step) =>
        change(compute, context, 'regionAutoscalers.insert', { region, autoscalerResource }, step),
      update: (context, name, autoscalerResource, step) =>
        change(compute, context, 'regionAutoscalers.update', { region, autoscaler: name, autoscalerResource }, step),
      remove: (context, name, step) =>
        removeObject(compute, context, 'regionAutoscalers.delete', { region, autoscaler: name }, step),
    },
  };
}
