import { EVERYBODY } from '../../stack/cidr.ts';
import type { Ownership } from '../../stack/resource.ts';
import { type Desired, desire, type Resource, type ResourceContext } from '../../stack/resource.ts';
import { onlyService } from '../../workloads/request.ts';
import { ADDRESS, elasticIp, type LiveAddress } from './address.ts';
import type { Ec2 } from './ec2.ts';
import { type InstanceSpec, instance, type LiveInstance } from './instance.ts';
import { INSTANCE, whyGone } from './instance-state.ts';
import { fingerprintOf, KEY_PAIR, type KeyPairSpec, keyPair, type LiveKeyPair } from './key-pair.ts';
import type { Launch } from './launch.ts';
import type { AwsRequest } from './request.ts';
import {
  eventuallyFound,
  FIREWALL,
  type FirewallSpec,
  type LiveFirewall,
  type Rule,
  securityGroup,
} from './security-group.ts';

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

/** The resources of one stack on EC2, bound to each other. */
export interface AwsResources {
  readonly region: string;
  readonly keyPair: Resource<KeyPairSpec, LiveKeyPair>;
  readonly firewall: Resource<FirewallSpec, LiveFirewall>;
  readonly instance: Resource<InstanceSpec, LiveInstance>;
  readonly address: Resource<Readonly<Record<string, never>>, LiveAddress>;
  /** Where the VM answers now; undefined while there is none. An Elastic IP shows up here once it is on the VM. */
  publicAddress(context: ResourceContext): Promise<string | undefined>;
  /** Why the VM that the state names does not answer any more; undefined while it may. */
  whyGone(context: ResourceContext): Promise<Error | undefined>;
}

interface ResourceDeps {
  material(): Material;
  launch(): Promise<Launch>;
}

/** Makes the handles; nothing is called. Without `deps` they can find and remove, and not create. */
export function awsResources(ec2: Ec2, owner: Ownership, deps?: ResourceDeps): AwsResources {
  const need = (): ResourceDeps => {
    if (deps === undefined) throw new Error('a handle for removal cannot create');
    return deps;
  };
  const firewall = securityGroup(ec2, owner);
  const vm = instance(ec2, owner, {
    launch: () => need().launch(),
    userData: () => need().material().userData,
    firewallId: async (context) => (await eventuallyFound(context, firewall)).id,
  });
  const address = elasticIp(ec2, owner, vm.find);
  return {
    region: ec2.region,
    keyPair: keyPair(ec2, owner, () => need().material().publicKey),
    firewall,
    instance: vm,
    address,
    async publicAddress(context) {
      return (await vm.find(context))?.publicIp;
    },
    async whyGone(context) {
      const { id } = context.recorded?.(INSTANCE)?.identity ?? {};
      return typeof id === 'string' ? whyGone(ec2, context, id) : undefined;
    },
  };
}

/** A resource of the target by its key; undefined for a key that is not EC2's. */
export function byKey(resources: AwsResources, key: string): Resource<unknown, unknown> | undefined {
  const known: Readonly<Record<string, unknown>> = {
    [KEY_PAIR]: resources.keyPair,
    [FIREWALL]: resources.firewall,
    [INSTANCE]: resources.instance,
    [ADDRESS]: resources.address,
  };
  return known[key] as Resource<unknown, unknown> | undefined;
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
  { publicKey, bootHash }: Material,
  resources: AwsResources,
): Desired[] {
  const vm: InstanceSpec = {
    type: request.type,
    image: request.image,
    diskGb: request.diskGb,
    ...(request.subnetId === undefined ? {} : { subnetId: request.subnetId }),
    userDataHash: bootHash,
  };
  return [
    desire(resources.keyPair, { fingerprint: fingerprintOf(publicKey) }),
    desire(resources.firewall, { vpcId, rules: rulesOf(request) }),
    desire(resources.instance, vm),
    ...(request.elasticIp ? [desire(resources.address, {})] : []),
  ];
}
