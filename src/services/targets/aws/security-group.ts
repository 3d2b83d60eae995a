import type { Ownership, Resource, ResourceContext } from '../../stack/resource.ts';
import { type Ec2, filters, type IpPermission } from './ec2.ts';
import { isAws, unless } from './errors.ts';
import { deleteOnceFree, eventually } from './eventually.ts';
import { foreignName, objectName, readTags, STACK_TAG, stackFilters, tagSpecifications } from './tags.ts';

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

/**
 * Inbound rules as the API writes them, by their text: what chainctl writes is `tcp 22 203.0.113.7/32`, anything else has a
 * form of its own.
 */
type Permissions = ReadonlyMap<string, IpPermission>;

export interface LiveFirewall {
  readonly id: string;
  readonly vpcId: string;
  readonly rules: Permissions;
}

/** One permission per source, so that rules can be compared and taken back one by one. */
function single({ IpRanges, Ipv6Ranges, UserIdGroupPairs, PrefixListIds, ...rest }: IpPermission): IpPermission[] {
  return [
    ...(IpRanges ?? []).map(({ CidrIp }) => ({ ...rest, IpRanges: [{ CidrIp }] })),
    ...(Ipv6Ranges ?? []).map(({ CidrIpv6 }) => ({ ...rest, Ipv6Ranges: [{ CidrIpv6 }] })),
    ...(UserIdGroupPairs ?? []).map(({ GroupId, UserId }) => ({ ...rest, UserIdGroupPairs: [{ GroupId, UserId }] })),
    ...(PrefixListIds ?? []).map(({ PrefixListId }) => ({ ...rest, PrefixListIds: [{ PrefixListId }] })),
  ];
}

function byText(permissions: readonly IpPermission[]): Permissions {
  const textOf = (permission: IpPermission) => {
    const { IpProtocol, FromPort, ToPort, IpRanges } = permission;
    const cidr = IpRanges?.[0]?.CidrIp;
    const isOurs = IpProtocol === 'tcp' && FromPort !== undefined && FromPort === ToPort && cidr !== undefined;
    return isOurs ? `tcp ${FromPort} ${cidr}` : JSON.stringify(permission);
  };
  return new Map(permissions.map((each) => [textOf(each), each]));
}

function wantedBy({ rules }: FirewallSpec): Permissions {
  return byText(
    rules.map(({ port, cidr }) => {
      const Description = port === 22 ? 'chainctl: ssh of the operator' : 'chainctl: service A';
      return { IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr, Description }] };
    }),
  );
}

/** Those of one that the other lacks. */
const without = (one: Permissions, other: Permissions) => [...one].filter(([text]) => !other.has(text));

/** Which addresses reach the VM. Rules that differ are changed in place; rules that somebody added are taken back. */
export function securityGroup(ec2: Ec2, owner: Ownership): Resource<FirewallSpec, LiveFirewall> {
  const name = objectName(owner.stack, FIREWALL);
  const describe = async (Filters: ReturnType<typeof filters>, { signal }: ResourceContext) => {
    const { SecurityGroups = [] } = await ec2.call('DescribeSecurityGroups', { Filters }, signal);
    return SecurityGroups.map(({ GroupId: id = '', VpcId: vpcId = '', IpPermissions = [], Tags }) => {
      return { id, vpcId, rules: byText(IpPermissions.flatMap(single)), tags: readTags(Tags) };
    });
  };
  const findAll = (context: ResourceContext) => describe(stackFilters(owner.stack, FIREWALL), context);

  const update = async ({ signal }: ResourceContext, spec: FirewallSpec, live: LiveFirewall): Promise<LiveFirewall> => {
    const wanted = wantedBy(spec);
    // What is new first: an operator whose address has changed is never without a way in.
    for (const [, permission] of without(wanted, live.rules)) {
      const input = { GroupId: live.id, IpPermissions: [permission] };
      await ec2.call('AuthorizeSecurityGroupIngress', input, signal).catch(unless('InvalidPermission.Duplicate'));
    }
    for (const [, permission] of without(live.rules, wanted)) {
      const input = { GroupId: live.id, IpPermissions: [permission] };
      await ec2.call('RevokeSecurityGroupIngress', input, signal).catch(unless('InvalidPermission.NotFound'));
    }
    return { ...live, rules: wanted };
  };

  const explain = (spec: FirewallSpec, { vpcId, rules }: LiveFirewall) => {
    if (spec.vpcId !== vpcId) return [`network: ${vpcId} -> ${spec.vpcId}`];
    const wanted = wantedBy(spec);
    return [
      ...without(wanted, rules).map(([text]) => `opens ${text}`),
      ...without(rules, wanted).map(([text]) => `closes ${text}`),
    ];
  };

  return {
    key: FIREWALL,
    dependsOn: [],
    find: async (context) => (await findAll(context))[0],
    diff(spec, live) {
      if (spec.vpcId !== live.vpcId) return 'replace';
      return explain(spec, live).length === 0 ? 'same' : 'update';
    },
    explain,
    async create(context, spec, token) {
      const { vpcId } = spec;
      const input = {
        GroupName: name,
        VpcId: vpcId,
        Description: `chainctl stack ${owner.stack}`,
        TagSpecifications: tagSpecifications(['security-group'], owner, FIREWALL, token),
      };
      try {
        const { GroupId: id = '' } = await ec2.call('CreateSecurityGroup', input, context.signal);
        const empty = { id, vpcId, rules: byText([]) };
        return await eventually(context, FIREWALL, ['InvalidGroup.NotFound'], () => update(context, spec, empty));
      } catch (error) {
        if (!isAws(error, 'InvalidGroup.Duplicate')) throw error;
      }
      const [there] = await describe(filters({ 'group-name': name, 'vpc-id': vpcId }), context);
      if (there?.tags.get(STACK_TAG) !== owner.stack) throw foreignName('security group', name);
      return update(context, spec, there);
    },
    update,
    async ready() {},
    async remove(context) {
      for (const { id } of await findAll(context)) {
        const about = { what: `security group ${id}`, cost: 'a security group alone costs nothing' };
        await deleteOnceFree(context, FIREWALL, about, ['DependencyViolation', 'InvalidGroup.InUse'], () =>
          ec2.call('DeleteSecurityGroup', { GroupId: id }, context.signal).catch(unless('InvalidGroup.NotFound')),
        );
      }
    },
    identify: ({ id }) => ({ id }),
  };
}
