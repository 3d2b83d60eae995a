import type { Resource } from '../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Firewall } from './compute-calls.ts';
import type { Ownership } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change, removeObject } from './operations.ts';
import { samePath } from './paths.ts';

export const LB_FIREWALL = 'firewall-lb';
export const SSH_FIREWALL = 'firewall-ssh';

/** Where Google's load balancers and health checks come from (cloud.google.com/load-balancing/docs/health-check-concepts). */
export const BALANCER_RANGES = ['130.211.0.0/22', '35.191.0.0/16'] as const;

export interface FirewallSpec {
  /** Path of the network. */
  readonly network: string;
  readonly port: number;
  /** IPv4 ranges that may come in. */
  readonly sources: readonly string[];
  /** Network tag of the VMs that it is for. */
  readonly tag: string;
}

/** Which addresses reach one port of the VMs. What somebody changed by hand is taken back. */
export function firewall(
  compute: Compute,
  owner: Ownership,
  key: string,
): Resource<FirewallSpec, Firewall> & { readonly name: string } {
  const bodyOf = ({ network, port, sources, tag }: FirewallSpec): Firewall => ({
    network,
    direction: 'INGRESS',
    priority: 1000,
    disabled: false,
    allowed: [{ IPProtocol: 'tcp', ports: [String(port)] }],
    sourceRanges: [...sources],
    targetTags: [tag],
  });
  return namedObject<FirewallSpec, Firewall>(owner, {
    key,
    dependsOn: [],
    get: (name, signal) => compute.read('firewalls.get', { firewall: name }, signal),
    async insert(context, spec, made, step) {
      await change(compute, context, 'firewalls.insert', { firewallResource: { ...made, ...bodyOf(spec) } }, step);
    },
    needsAnother: ({ network }, raw) => !samePath(network, raw.network),
    differences: ({ port, sources, tag, network }, raw) => [
      ...(samePath(network, raw.network) ? [] : [`network is ${raw.network}`]),
      ...(ports(raw) === `tcp:${port}` ? [] : [`lets in ${ports(raw)} instead of tcp:${port}`]),
      ...(alike(raw.sourceRanges, sources) ? [] : [`from ${list(raw.sourceRanges)} instead of ${list(sources)}`]),
      ...(alike(raw.targetTags, [tag]) ? [] : [`for ${list(raw.targetTags)} instead of ${tag}`]),
      ...(raw.disabled ? ['is disabled'] : []),
    ],
    async patch(context, spec, raw) {
      const input = { firewall: raw.name ?? '', firewallResource: bodyOf(spec) };
      await change(compute, context, 'firewalls.patch', input, patchStep(key));
    },
    remove: (context, name) => removeObject(compute, context, 'firewalls.delete', { firewall: name }, { key }),
    identify: () => ({}),
  });
}

function ports({ allowed }: Firewall): string {
  return (allowed ?? []).map((rule) => `${rule.IPProtocol}:${(rule.ports ?? []).join('+') || 'all'}`).join(' ');
}

function alike(one: readonly string[] | null | undefined, other: readonly string[]): boolean {
  return list(one) === list(other);
}

function list(items: readonly string[] | null | undefined): string {
  return [...(items ?? [])].sort().join(', ') || 'nothing';
}
