import { CONTINUE, ExitCode, type RemedyError, remedy } from '../../../errors.ts';
import type { StepAction } from '../../../events.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import { bootWatch } from './boot/console.ts';
import type { Compute } from './compute.ts';
import type { InstanceError } from './compute-calls.ts';
import { faultError, GcpError } from './errors.ts';
import { type InstanceFault, isComing, judge, NEVER_HEALTHY } from './group-state.ts';
import { vanished } from './object.ts';
import { lookUp } from './operations.ts';
import { type Location, locationName } from './paths.ts';

export interface GroupWait {
  readonly key: string;
  readonly action: StepAction;
  readonly name: string;
  readonly location: Location;
  /** Path of the template that all instances are to be made from. */
  readonly template: string;
  readonly deadlineSeconds: number;
}

/** The group says itself when it is done: it is asked often, and its instances and errors now and then. */
const LOOK_MS = 300;
const CLOSER_MS = 2000;

/**
 * Resolves when the group has what it wants: every instance runs, is healthy and is of the right template. Meanwhile it
 * listens to the group's own errors: a shortage or a broken template ends the wait in seconds.
 *
 * @param there with the calls of the group's place
 * @throws GcpError (exit 4 for quota and stock-out, 3 for a template's fault, 5 for a service that does not get healthy),
 *   RemedyError (exit 5) when the deadline has passed
 */
export async function untilStable(there: Compute, context: ResourceContext, wait: GroupWait): Promise<void> {
  const { name, template } = wait;
  const { project } = there;
  const group = { instanceGroupManager: name };
  const watchBoots = bootWatch(there);
  const { signal } = context;
  let known: ReadonlySet<string> | undefined;
  let closerAt = 0;
  let reason = '';
  await pollUntil(context, {
    ...wait,
    longestMs: LOOK_MS,
    async look() {
      const seen = await lookUp(() => there.read('instanceGroupManagers.get', group, signal));
      if (seen === undefined) throw vanished(name);
      const now = context.clock.monotonic();
      if (seen.status?.isStable !== true && now < closerAt) return { reason };
      closerAt = now + CLOSER_MS;
      const [instances = [], told = []] = await Promise.all([
        lookUp(() => there.read('instanceGroupManagers.listManagedInstances', group, signal)),
        lookUp(() => there.read('instanceGroupManagers.listErrors', group, signal)),
      ]);
      // What it said before may be long mended.
      known ??= new Set(told.map(identity));
      const errors = told.filter((error) => known?.has(identity(error)) === false);
      const verdict = judge({ group: seen, instances, errors, template });
      if (verdict.kind === 'stable') return { done: true };
      if (verdict.kind === 'failed') throw instanceError(verdict.fault, project, wait);
      const unserving = instances.filter((each) => isComing(each, template));
      const boot = await watchBoots(unserving, context);
      reason = boot ? `${verdict.reason}; ${boot}` : verdict.reason;
      return { reason };
    },
    late: (reason) => neverStable(wait, project, reason),
  });
}

function identity({ timestamp, error, instanceActionDetails }: InstanceError): string {
  return [timestamp, error?.code, instanceActionDetails?.instance].join(' ');
}

/** The group's own words as an error, with the remedy that fits. */
function instanceError(fault: InstanceFault, project: string, { name, location }: GroupWait): GcpError {
  const { instance, message, reason } = fault;
  if (reason !== NEVER_HEALTHY) {
    return faultError(fault, { call: `making ${instance || 'an instance'} of ${name}`, project });
  }
  const console = `gcloud compute instances get-serial-port-output ${instance} ${placeFlag(location)}`;
  return new GcpError(`the service does not get healthy on ${instance}: ${message}`, reason, {
    code: 'gcp-unhealthy',
    exit: ExitCode.unhealthy,
    nextSteps: [`see what the VM did: ${console} --project ${project}`, CONTINUE],
  });
}

function neverStable({ name, deadlineSeconds, location }: GroupWait, project: string, reason: string): RemedyError {
  const list = `gcloud compute instance-groups managed list-instances ${name} ${placeFlag(location)} --project ${project}`;
  return remedy.unhealthy(
    'not-ready',
    `group ${name} has not become stable within ${Math.round(deadlineSeconds)} s: ${reason}`,
    [`see its VMs: ${list}`, CONTINUE],
  );
}

function placeFlag(location: Location): string {
  return `--${'zone' in location ? 'zone' : 'region'} ${locationName(location)}`;
}
