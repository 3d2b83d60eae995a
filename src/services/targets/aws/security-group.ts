import { CONTINUE, type RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Resource, ResourceContext } from '../../stack/resource.ts';
import type { Ec2, IpPermission } from './ec2.ts';
import { isAws, unless } from './errors.ts';
import { foreignName } from './key-pair.ts';
import { type Ownership, objectName, readTags, STACK_TAG, stackFilters, tagsOf } from './tags.ts';

export const FIREWALL = 'firewall';

/** One TCP port that may be reached from one range of addresses. */
export interface Rule {
  readonly port: number;
  /** IPv4 range, e.g. `203.0.113.7/32`. */
  readonly cidr: string;
}

export interface FirewallSpec {
  readonly vpcId: string;
  readonly rules: readonly Rule[];
}

export interface LiveFirewall {
  readonly id: string;
  readonly vpcId: string;
  /** Every inbound rule as text: what chainctl writes as `tcp 22 203.0.113.7/32`, anything else in a form of its own. */
  readonly rules: readonly string[];
  /** The same rules as the API writes them, for taking back what is not wanted. */
  readonly permissions: readonly IpPermission[];
}

interface Explains {
  /** What of the group is not as specified, in a few words each. */
  explain(spec: FirewallSpec, live: LiveFirewall): readonly string[];
}

const ruleText = ({ port, cidr }: Rule) => `tcp ${port} ${cidr}`;

/** One permission per source, so that rules can be compared and taken back one by one. */
function single(permissions: readonly IpPermission[]): IpPermission[] {
  return permissions.flatMap(({ IpRanges, Ipv6Ranges, UserIdGroupPairs, PrefixListIds, ...rest }) => [
    ...(IpRanges ?? []).map(({ CidrIp }) => ({ ...rest, IpRanges: [{ CidrIp }] })),
    ...(Ipv6Ranges ?? []).map(({ CidrIpv6 }) => ({ ...rest, Ipv6Ranges: [{ CidrIpv6 }] })),
    ...(UserIdGroupPairs ?? []).map(({ GroupId, UserId }) => ({ ...rest, UserIdGroupPairs: [{ GroupId, UserId }] })),
    ...(PrefixListIds ?? []).map(({ PrefixListId }) => ({ ...rest, PrefixListIds: [{ PrefixListId }] })),
  ]);
}

function permissionText(permission: IpPermission): string {
  const { IpProtocol, FromPort, ToPort, IpRanges } = permission;
  const cidr = IpRanges?.[0]?.CidrIp;
  if (IpProtocol === 'tcp' && FromPort !== undefined && FromPort === ToPort && cidr !== undefined) {
    return ruleText({ port: FromPort, cidr });
  }
  return JSON.stringify(permission);
}

function permissionOf({ port, cidr }: Rule): IpPermission {
  const Description = port === 22 ? 'chainctl: ssh of the operator' : 'chainctl: service A';
  return { IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr, Description }] };
}

/** How long a group may refuse to go after its VM is gone: EC2 detaches network interfaces at leisure. */
const REMOVE_SECONDS = 300;
/** How long something that was just made may take to be known everywhere. */
const SEEN_SECONDS = 60;

/** Which addresses reach the VM. Rules that differ are changed in place; rules that somebody added are taken back. */
export function securityGroup(ec2: Ec2, owner: Ownership): Resource<FirewallSpec, LiveFirewall> & Explains {
  const name = objectName(owner.stack, FIREWALL);
  const describe = async (context: ResourceContext, Filters: { Name: string; Values: string[] }[]) => {
    const { SecurityGroups = [] } = await ec2.call('DescribeSecurityGroups', { Filters }, context.signal);
    return SecurityGroups.map((group) => {
      const permissions = single(group.IpPermissions ?? []);
      const rules = permissions.map(permissionText);
      const tags = readTags(group.Tags);
      return { id: group.GroupId ?? '', vpcId: group.VpcId ?? '', rules, permissions, tags };
    });
  };
  const findAll = (context: ResourceContext) => describe(context, stackFilters(owner.stack, FIREWALL));

  const reconcile = async (context: ResourceContext, spec: FirewallSpec, live: LiveFirewall): Promise<LiveFirewall> => {
    const wanted = new Map(spec.rules.map((rule) => [ruleText(rule), rule]));
    const missing = [...wanted].filter(([text]) => !live.rules.includes(text)).map(([, rule]) => permissionOf(rule));
    const extra = live.permissions.filter((permission) => !wanted.has(permissionText(permission)));
    // What is new first: an operator whose address has changed is never without a way in.
    for (const permission of missing) {
      const input = { GroupId: live.id, IpPermissions: [permission] };
      await ec2
        .call('AuthorizeSecurityGroupIngress', input, context.signal)
        .catch(unless('InvalidPermission.Duplicate'));
    }
    for (const permission of extra) {
      const input = { GroupId: live.id, IpPermissions: [permission] };
      await ec2.call('RevokeSecurityGroupIngress', input, context.signal).catch(unless('InvalidPermission.NotFound'));
    }
    return { ...live, rules: [...wanted.keys()], permissions: spec.rules.map(permissionOf) };
  };

  return {
    key: FIREWALL,
    dependsOn: [],
    async find(context) {
      return (await findAll(context))[0];
    },
    diff(spec, live) {
      if (spec.vpcId !== live.vpcId) return 'replace';
      const wanted = spec.rules.map(ruleText);
      return wanted.length === live.rules.length && wanted.every((text) => live.rules.includes(text))
        ? 'same'
        : 'update';
    },
    explain(spec, live) {
      if (spec.vpcId !== live.vpcId) return [`network: ${live.vpcId} -> ${spec.vpcId}`];
      const wanted = spec.rules.map(ruleText);
      return [
        ...wanted.filter((text) => !live.rules.includes(text)).map((text) => `opens ${text}`),
        ...live.rules.filter((text) => !wanted.includes(text)).map((text) => `closes ${text}`),
      ];
    },
    async create(context, spec, token) {
      const input = {
        GroupName: name,
        VpcId: spec.vpcId,
        Description: `chainctl stack ${owner.stack}`,
        TagSpecifications: [{ ResourceType: 'security-group' as const, Tags: tagsOf(owner, FIREWALL, token) }],
      };
      try {
        const { GroupId = '' } = await ec2.call('CreateSecurityGroup', input, context.signal);
        const empty = { id: GroupId, vpcId: spec.vpcId, rules: [], permissions: [] };
        return await eventually(context, FIREWALL, 'InvalidGroup.NotFound', () => reconcile(context, spec, empty));
      } catch (error) {
        if (!isAws(error, 'InvalidGroup.Duplicate')) throw error;
      }
      const byName = [
        { Name: 'group-name', Values: [name] },
        { Name: 'vpc-id', Values: [spec.vpcId] },
      ];
      const [there] = await describe(context, byName);
      if (there === undefined || there.tags.get(STACK_TAG) !== owner.stack) throw foreignName('security group', name);
      return reconcile(context, spec, there);
    },
    update: reconcile,
    async ready() {},
    async remove(context) {
      for (const { id } of await findAll(context)) await removeGroup(ec2, context, id);
    },
    identify: ({ id }) => ({ id }),
  };
}

function removeGroup(ec2: Ec2, context: ResourceContext, id: string): Promise<true> {
  return pollUntil(context, {
    key: FIREWALL,
    action: 'remove',
    deadlineSeconds: REMOVE_SECONDS,
    async look() {
      try {
        await ec2.call('DeleteSecurityGroup', { GroupId: id }, context.signal);
        return { done: true as const };
      } catch (error) {
        if (isAws(error, 'InvalidGroup.NotFound')) return { done: true as const };
        if (isAws(error, 'DependencyViolation', 'InvalidGroup.InUse'))
          return { reason: 'EC2 still counts it as in use' };
        throw error;
      }
    },
    late: (reason) =>
      remedy.leftovers(
        'aws-in-use',
        `security group ${id} could not be deleted within ${REMOVE_SECONDS / 60} minutes: ${reason}`,
        ['run "chainctl teardown aws" again in some minutes; a security group alone costs nothing'],
      ),
  });
}

/** Something that was just made is not known everywhere at once: not found means not yet, for a while. */
export function eventually<T>(
  context: ResourceContext,
  key: string,
  notFound: string | readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  return pollUntil(context, {
    key,
    action: 'create',
    deadlineSeconds: SEEN_SECONDS,
    async look() {
      try {
        return { done: await work() };
      } catch (error) {
        if (isAws(error, ...[notFound].flat())) return { reason: reasonOf(error) };
        throw error;
      }
    },
    late: (reason) => neverSeen(key, reason),
  });
}

/** A resource that was just made and must be seen by its tags before another can point to it. */
export function eventuallyFound<Spec, Live>(context: ResourceContext, resource: Resource<Spec, Live>): Promise<Live> {
  return pollUntil(context, {
    key: resource.key,
    action: 'create',
    deadlineSeconds: SEEN_SECONDS,
    async look() {
      const live = await resource.find(context);
      return live === undefined ? { reason: `EC2 does not show ${resource.key} yet` } : { done: live };
    },
    late: (reason) => neverSeen(resource.key, reason),
  });
}

function neverSeen(key: string, reason: string): RemedyError {
  return remedy.unhealthy(
    'aws-inconsistent',
    `what was just made for ${key} did not show up within a minute: ${reason}`,
    [CONTINUE],
  );
}
