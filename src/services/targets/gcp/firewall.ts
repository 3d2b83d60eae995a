import type { Compute } from './compute.ts';
import type { Firewall } from './compute-calls.ts';
import { globalObject } from './global-object.ts';
import type { Ownership } from './names.ts';
import { samePath } from './paths.ts';

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
  return globalObject<FirewallSpec, Firewall>(compute, owner, 'firewalls', {
    key,
    dependsOn: [],
    bodyOf: ({ network, port, sources, tag }) => ({
      network,
      direction: 'INGRESS',
      disabled: false,
      ...(port === undefined
        ? { priority: REST_PRIORITY, denied: [{ IPProtocol: 'tcp' }, { IPProtocol: 'udp' }] }
        : { priority: PRIORITY, allowed: [{ IPProtocol: 'tcp', ports: [String(port)] }] }),
      sourceRanges: [...sources],
      targetTags: [tag],
    }),
    // Whether a rule opens or closes cannot be changed.
    needsAnother: ({ network, port }, raw) =>
      !samePath(network, raw.network) || (port === undefined) !== (raw.denied ?? []).length > 0,
    differences: ({ port, sources, tag, network }, raw) => [
      ...(samePath(network, raw.network) ? [] : [`network is ${raw.network}`]),
      ...(effect(raw) === wanted(port) ? [] : [`${effect(raw)} instead of ${wanted(port)}`]),
      ...(raw.priority === (port === undefined ? REST_PRIORITY : PRIORITY) ? [] : [`has priority ${raw.priority}`]),
      ...(alike(raw.sourceRanges, sources) ? [] : [`from ${list(raw.sourceRanges)} instead of ${list(sources)}`]),
      ...(alike(raw.targetTags, [tag]) ? [] : [`for ${list(raw.targetTags)} instead of ${tag}`]),
      ...(raw.disabled ? ['is disabled'] : []),
    ],
  });
}

function wanted(port: number | undefined): string {
  return port === undefined ? 'closes tcp:all udp:all' : `opens tcp:${port}`;
}

function effect({ allowed, denied }: Firewall): string {
  const text = (rules: Firewall['allowed']) =>
    (rules ?? [])
      .map((rule) => `${rule.IPProtocol}:${(rule.ports ?? []).join('+') || 'all'}`)
      .sort()
      .join(' ');
  return (denied ?? []).length > 0 ? `closes ${text(denied)}` : `opens ${text(allowed)}`;
}

function alike(one: readonly string[] | null | undefined, other: readonly string[]): boolean {
  return list(one) === list(other);
}

function list(items: readonly string[] | null | undefined): string {
  return [...(items ?? [])].sort().join(', ') || 'nothing';
}
