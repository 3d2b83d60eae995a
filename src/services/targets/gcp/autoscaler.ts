import { CONTINUE, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Ownership } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Autoscaler } from './compute-calls.ts';
import { GROUP_PART, groupKey } from './group.ts';
import { objectName } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change } from './operations.ts';
import { type Location, locationName, pathIn, placed, placedPath, wholeUrl } from './paths.ts';
import type { GcpRequest } from './request.ts';

const AUTOSCALER_PART = 'llm-b-autoscaler';
const READY_SECONDS = 180;

export const autoscalerKey = (location: Location) => `autoscaler-${locationName(location)}`;

export type AutoscalerSpec = GcpRequest['autoscale'] & Pick<GcpRequest, 'min' | 'max' | 'coolDownSeconds'>;

/** What decides how many VMs the group has. */
export function autoscaler(compute: Compute, owner: Ownership, location: Location) {
  const key = autoscalerKey(location);
  const here = placed(compute, location);
  const group = placedPath(compute, location, 'instanceGroupManagers', objectName(owner.stack, GROUP_PART));
  const bodyOf = ({ signal, target: share, min, max, coolDownSeconds }: AutoscalerSpec): Autoscaler => ({
    // Google's own clients send a whole URL here.
    target: wholeUrl(group),
    autoscalingPolicy: {
      mode: 'ON',
      minNumReplicas: min,
      maxNumReplicas: max,
      coolDownPeriodSec: coolDownSeconds,
      [signal === 'cpu' ? 'cpuUtilization' : 'loadBalancingUtilization']: { utilizationTarget: share },
    },
  });
  return namedObject(here, owner, 'autoscalers', {
    key,
    part: AUTOSCALER_PART,
    dependsOn: [groupKey(location)],
    bodyOf,
    factsOf: ({ target, autoscalingPolicy: policy }) => ({
      group: pathIn(target),
      mode: policy?.mode || 'ON',
      min: policy?.minNumReplicas,
      max: policy?.maxNumReplicas,
      'cool-down': policy?.coolDownPeriodSec,
      cpu: policy?.cpuUtilization?.utilizationTarget || undefined,
      lb: policy?.loadBalancingUtilization?.utilizationTarget || undefined,
    }),
    // The target of an autoscaler cannot be changed.
    fixed: ['group'],
    /** Puts it in the place of the one before: a patch would leave the signal that is not wanted any more. */
    async patch(context, spec, raw) {
      const name = raw.name ?? '';
      const autoscalerResource = { name, description: raw.description ?? '', ...bodyOf(spec) };
      await change(here, context, 'autoscalers.update', { autoscaler: name, autoscalerResource }, patchStep(key));
    },
    async ready(context, live) {
      await pollUntil(context, {
        key,
        action: 'ready',
        deadlineSeconds: READY_SECONDS,
        longestMs: 300,
        async look() {
          const input = { autoscaler: live.name ?? '' };
          const { status, statusDetails } = await here.read('autoscalers.get', input, context.signal);
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
    identify: () => ({ location: locationName(location) }),
  });
}

/** What it remarks also while all is well. */
const WARNINGS = ['MIN_EQUALS_MAX', 'CAPPED_AT_MAX_NUM_REPLICAS', 'ALL_INSTANCES_UNHEALTHY'];

/** It follows the load balancer, which may turn to this group only later, and tells figures only when there are requests. */
function isForLater(type: string): boolean {
  return type.startsWith('MISSING_') || type === 'BACKEND_SERVICE_DOES_NOT_EXIST';
}
