import type { Ownership } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import { namedObject } from './object.ts';
import { pathIn } from './paths.ts';

export const LB_FIREWALL = 'firewall-lb';
export const SSH_FIREWALL = 'firewall-ssh';
/** Rules only add up, and those of a project's default network let everybody in to port 22: the rest is closed. */
export const REST_FIREWALL = 'firewall-rest';

/** That of rules which name none: what an operator lets in beside ours wins over the closed rest, too. */
const PRIORITY = 1000;
/** Before the default network's own rules, which have 65534. */
const REST_PRIORITY = 2000;

/** Where Google's load balancers and health checks come from (cloud.google.com/load-balancing/docs/health-check-concepts). */
export const BALANCER_RANGES = ['130.211.0.0/22', '35.191.0.0/16'] as const;

export interface FirewallSpec {
  /** Path of the network. */
  readonly network: string;
  /** The one that is opened; without it, TCP and UDP are closed. */
  readonly port?: number;
  /** IPv4 ranges that it is about. */
  readonly sources: readonly string[];
  /** Network tag of the VMs that it is for. */
  readonly tag: string;
}

/** Which addresses reach one port of the VMs, or none. What somebody changed by hand is taken back. */
export function firewall(compute: Compute, owner: Ownership, key: string) {
  return namedObject(compute, owner, 'firewalls', {
    key,
    dependsOn: [],
    bodyOf: ({ network, port, sources, tag }: FirewallSpec) => ({
      network,
      direction: 'INGRESS',
      disabled: false,
      ...(port === undefined
        ? { priority: REST_PRIORITY, denied: [{ IPProtocol: 'tcp' }, { IPProtocol: 'udp' }] }
        : { priority: PRIORITY, allowed: [{ IPProtocol: 'tcp', ports: [String(port)] }] }),
      sourceRanges: [...sources],
      targetTags: [tag],
    }),
    factsOf: ({ network, allowed, denied, priority, sourceRanges, targetTags, disabled }) => ({
      network: pathIn(network),
      effect: denied?.length ? 'closes' : 'opens',
      ports: list([...(allowed ?? []), ...(denied ?? [])].map((rule) => `${rule.IPProtocol}:${portsOf(rule)}`)),
      priority,
      from: list(sourceRanges),
      for: list(targetTags),
      disabled: disabled === true,
    }),
    // Whether a rule opens or closes cannot be changed.
    fixed: ['network', 'effect'],
  });
}

function portsOf({ ports }: { readonly ports?: readonly string[] | null }): string {
  return ports?.join('+') || 'all';
}

function list(items: readonly string[] | null | undefined): string {
  return [...(items ?? [])].sort().join(', ') || 'nothing';
}
