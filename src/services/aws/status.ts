import type { StackPaths } from '../stack/paths.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { readState } from '../stack/state.ts';
import { awsResources } from './desired.ts';
import type { Ec2 } from './ec2.ts';
import { recordedRequest } from './guards.ts';
import { listTagged } from './inventory.ts';
import { type Cost, costOf } from './prices.ts';

export interface AwsResourceStatus {
  readonly key: string;
  /** `gone`: recorded, but not there. `unrecorded`: there, but not in the state file. */
  readonly state: 'healthy' | 'unhealthy' | 'gone' | 'unrecorded';
  readonly since?: string;
  readonly id?: string;
  readonly address?: string;
  readonly reason?: string;
}

export interface AwsStatus {
  readonly target: 'aws';
  readonly region: string;
  readonly since?: string;
  /** False while a deploy has not run to its end. */
  readonly complete: boolean;
  readonly simulated: false;
  readonly endpoints: { readonly a?: string | undefined; readonly b?: string | undefined };
  readonly resources: readonly AwsResourceStatus[];
  /** When the dead man's switch goes off. */
  readonly expiresAt?: string | undefined;
  readonly cost?: Cost | undefined;
  readonly healthy: boolean;
}

/**
 * What of the AWS side is recorded and what EC2 shows. Reads only. Keys that are not EC2's (what the VM carries) are left
 * to whoever can ask the VM.
 *
 * @returns undefined when nothing is recorded and nothing is found
 */
export async function awsStatus(paths: StackPaths, ec2: Ec2, context: ResourceContext): Promise<AwsStatus | undefined> {
  const recorded = (await readState(paths.state))?.targets.aws;
  const found = (await listTagged(ec2, context.signal)).filter(({ stack }) => stack === paths.name);
  if (recorded === undefined && found.length === 0) return undefined;
  const resources = awsResources(ec2, { stack: paths.name, createdBy: '' });
  const vm = await resources.instance.find(context);
  const live = new Map(found.map((each) => [each.key, each]));
  const cloudKeys = ['keyPair', 'firewall', 'instance', 'address'].map(
    (name) => resources[name as 'instance'].key as string,
  );
  const keys = cloudKeys.filter((key) => live.has(key) || recorded?.resources[key] !== undefined);
  const list = keys.map((key): AwsResourceStatus => {
    const since = recorded?.resources[key]?.since;
    const seen = live.get(key);
    const base = { key, ...(since === undefined ? {} : { since }) };
    if (seen === undefined) return { ...base, state: 'gone', reason: `EC2 in ${ec2.region} does not show it` };
    const isVm = key === resources.instance.key && vm !== undefined;
    const address = isVm && vm.publicIp !== undefined ? { address: vm.publicIp } : {};
    if (isVm && vm.state !== 'running') {
      return { ...base, state: 'unhealthy', id: seen.id, ...address, reason: `it is ${vm.state}` };
    }
    return { ...base, state: since === undefined ? 'unrecorded' : 'healthy', id: seen.id, ...address };
  });
  const complete = recorded?.deployedAt !== undefined;
  const request = recordedRequest(recorded?.request);
  const expiresAt = found
    .flatMap((each) => each.expiresAt ?? [])
    .sort()
    .at(-1);
  return {
    target: 'aws',
    region: ec2.region,
    ...(recorded?.deployedAt === undefined ? {} : { since: recorded.deployedAt }),
    complete,
    simulated: false,
    endpoints: { a: vm === undefined ? undefined : recorded?.endpoints.a, b: recorded?.endpoints.b },
    resources: list,
    expiresAt,
    cost: request === undefined || vm === undefined ? undefined : costOf(request),
    healthy: complete && list.length > 0 && list.every(({ state }) => state === 'healthy'),
  };
}
