import { CONTINUE, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Resource } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Autoscaler } from './compute-calls.ts';
import { GROUP_PART, groupKey } from './group.ts';
import { groupCalls } from './group-calls.ts';
import { type Ownership, objectName } from './names.ts';
import { namedObject, patchStep, unlike } from './object.ts';
import { type Location, locationName, placedPath, samePath, wholeUrl } from './paths.ts';

const AUTOSCALER_PART = 'llm-b-autoscaler';
const READY_SECONDS = 180;

export const autoscalerKey = (location: Location) => `autoscaler-${locationName(location)}`;

/** What the size of the group follows: the CPU of its VMs, or how much of its rate the load balancer uses. */
export interface ScalingSignal {
  readonly signal: 'cpu' | 'lb';
  /** Share that is aimed at, more than 0, at most 1. */
  readonly target: number;
}

export interface AutoscalerSpec extends ScalingSignal {
  readonly min: number;
  readonly max: number;
  /** Seconds after its start in which a VM's figures do not count. */
  readonly coolDownSeconds: number;
}

/** What decides how many VMs the group has. */
export function autoscaler(
  compute: Compute,
  owner: Ownership,
  location: Location,
): Resource<AutoscalerSpec, Autoscaler> & { readonly name: string } {
  const key = autoscalerKey(location);
  const calls = groupCalls(compute, location).autoscaler;
  const group = placedPath(compute, location, 'instanceGroupManagers', objectName(owner.stack, GROUP_PART));
  // Google's own clients send a whole URL here.
  const target = wholeUrl(group);
  const bodyOf = ({ signal, target: share, min, max, coolDownSeconds }: AutoscalerSpec): Autoscaler => ({
    target,
    autoscalingPolicy: {
      mode: 'ON',
      minNumReplicas: min,
      maxNumReplicas: max,
      coolDownPeriodSec: coolDownSeconds,
      ...(signal === 'cpu'
        ? { cpuUtilization: { utilizationTarget: share } }
        : { loadBalancingUtilization: { utilizationTarget: share } }),
    },
  });
  return namedObject<AutoscalerSpec, Autoscaler>(owner, {
    key,
    part: AUTOSCALER_PART,
    dependsOn: [groupKey(location)],
    get: calls.get,
    async insert(context, spec, made, step) {
      await calls.insert(context, { ...made, ...bodyOf(spec) }, step);
    },
    // The target of an autoscaler cannot be changed.
    needsAnother: (_spec, raw) => !samePath(raw.target, target),
    differences,
    async patch(context, spec, raw) {
      const name = raw.name ?? '';
      await calls.update(context, name, { name, description: raw.description ?? '', ...bodyOf(spec) }, patchStep(key));
    },
    async ready(context, live) {
      await pollUntil(context, {
        key,
        action: 'ready',
        deadlineSeconds: READY_SECONDS,
        longestMs: 300,
        async look() {
          const { status, statusDetails } = await calls.get(live.name ?? '', context.signal);
          const types = (statusDetails ?? []).map(({ type }) => type ?? '').filter((type) => !WARNINGS.includes(type));
          if (status === 'ACTIVE' || (types.length > 0 && types.every(isForLater))) return { done: true };
          const details = (statusDetails ?? []).map(({ message, type }) => message || type).join('; ');
          return { reason: `it is ${status}${details === '' ? '' : `: ${details}`}` };
        },
        late: (reason) =>
          remedy.unhealthy('not-ready', `${key} has not become active within ${READY_SECONDS} s: ${reason}`, [
            CONTINUE,
          ]),
      });
    },
    whenReplaced: () => 'same',
    remove: (context, name) => calls.remove(context, name, { key }),
    identify: () => ({ location: locationName(location) }),
  });
}

/** What it remarks also while all is well. */
const WARNINGS = ['MIN_EQUALS_MAX', 'CAPPED_AT_MAX_NUM_REPLICAS', 'ALL_INSTANCES_UNHEALTHY'];

/** It follows the load balancer, which may turn to this group only later, and tells figures only when there are requests. */
function isForLater(type: string): boolean {
  return type.startsWith('MISSING_') || type === 'BACKEND_SERVICE_DOES_NOT_EXIST';
}

function differences(spec: AutoscalerSpec, { autoscalingPolicy: policy }: Autoscaler): string[] {
  const cpu = policy?.cpuUtilization?.utilizationTarget;
  const lb = policy?.loadBalancingUtilization?.utilizationTarget;
  return unlike([
    ['mode', policy?.mode || 'ON', 'ON'],
    ['min', policy?.minNumReplicas, spec.min],
    ['max', policy?.maxNumReplicas, spec.max],
    ['cool-down', policy?.coolDownPeriodSec, spec.coolDownSeconds],
    ['cpu', cpu || undefined, spec.signal === 'cpu' ? spec.target : undefined],
    ['lb', lb || undefined, spec.signal === 'lb' ? spec.target : undefined],
  ]);
}
