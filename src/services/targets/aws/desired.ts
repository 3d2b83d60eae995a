import { EVERYBODY } from '../../stack/cidr.ts';
import { type Desired, desire, type Ownership, type ResourceContext } from '../../stack/resource.ts';
import { onlyService } from '../../workloads/request.ts';
import { elasticIp } from './address.ts';
import type { Ec2 } from './ec2.ts';
import { eventuallyFound } from './eventually.ts';
import { type InstanceSpec, instance } from './instance.ts';
import { INSTANCE, whyGone } from './instance-state.ts';
import { fingerprintOf, keyPair } from './key-pair.ts';
import type { Launch } from './launch.ts';
import type { AwsRequest } from './request.ts';
import { type Rule, securityGroup } from './security-group.ts';

const SSH_PORT = 22;

/** What the VM is given: made on this machine, kept with the stack. */
export interface Material {
  /** The operator's public key, one OpenSSH line. */
  readonly publicKey: string;
  /** Cloud-init text for the first boot, at most 16 KB. */
  readonly userData: string;
  /** Hash over what of it makes another VM. */
  readonly bootHash: string;
}

export const NO_MATERIAL: Material = { publicKey: '', userData: '', bootHash: '' };

/** The resources of one stack on EC2, bound to each other. */
export type AwsResources = ReturnType<typeof awsResources>;

/** Makes the handles; nothing is called. Without material and launch they can find and remove, and not create. */
export function awsResources(
  ec2: Ec2,
  owner: Ownership,
  { publicKey, userData } = NO_MATERIAL,
  launch = (): Promise<Launch> => Promise.reject(new Error('a handle for removal cannot create')),
) {
  const firewall = securityGroup(ec2, owner);
  const firewallId = async (context: ResourceContext) => (await eventuallyFound(context, firewall)).id;
  const vm = instance(ec2, owner, { launch, userData, firewallId });
  let seenAt: string | undefined;
  return {
    region: ec2.region,
    keyPair: keyPair(ec2, owner, publicKey),
    firewall,
    instance: vm,
    address: elasticIp(ec2, owner, vm.find),
    /** Where the VM answers now; undefined while there is none. An Elastic IP shows up here once it is on the VM. */
    async publicAddress(context: ResourceContext): Promise<string | undefined> {
      seenAt = (await vm.find(context))?.publicIp;
      return seenAt;
    },
    /** The last answer of `publicAddress`. */
    lastAddress: () => seenAt,
    /** Why the VM that the state names does not answer any more; undefined while it may. */
    async whyGone(context: ResourceContext): Promise<Error | undefined> {
      const { id } = context.recorded?.(INSTANCE)?.identity ?? {};
      return typeof id === 'string' ? whyGone(ec2, context, id) : undefined;
    },
  };
}

/** The inbound rules that a request means: login for the operator, the service for those who are allowed. Pure. */
export function rulesOf({ operatorAddress, allow, public: open, ...request }: AwsRequest): Rule[] {
  const { port } = onlyService(request).definition;
  const callers = open ? [EVERYBODY] : allow.length > 0 ? allow : [operatorAddress];
  return [{ port: SSH_PORT, cidr: operatorAddress }, ...[...new Set(callers)].map((cidr) => ({ port, cidr }))];
}

/** Turns a request into what is wanted on EC2. Pure. */
export function desiredAws(
  request: AwsRequest,
  vpcId: string,
  { publicKey, bootHash: userDataHash }: Material,
  resources: AwsResources,
): Desired[] {
  const { type, image, diskGb, subnetId } = request;
  const vm: InstanceSpec = { type, image, diskGb, ...(subnetId === undefined ? {} : { subnetId }), userDataHash };
  return [
    desire(resources.keyPair, { fingerprint: fingerprintOf(publicKey) }),
    desire(resources.firewall, { vpcId, rules: rulesOf(request) }),
    desire(resources.instance, vm),
    ...(request.elasticIp ? [desire(resources.address, {})] : []),
  ];
}
