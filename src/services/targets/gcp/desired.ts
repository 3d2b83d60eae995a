import { EVERYBODY } from '../../stack/cidr.ts';
import type { Ownership } from '../../stack/resource.ts';
import { type Desired, desire, type Resource, type ResourceContext } from '../../stack/resource.ts';
import { onlyService } from '../../workloads/request.ts';
import { autoscaler } from './autoscaler.ts';
import { backendGroup } from './backend-group.ts';
import { backendService, forwardingRule, globalAddress, httpProxy, urlMap } from './balancer.ts';
import type { Boot, BootSource } from './boot-source.ts';
import type { Compute } from './compute.ts';
import { BALANCER_RANGES, firewall, LB_FIREWALL, REST_FIREWALL, SSH_FIREWALL } from './firewall.ts';
import { groupKey, instanceGroup, isGroupKey } from './group.ts';
import { BALANCER_CHECK, CHECKS, HEALING_CHECK, healthCheck } from './health-check.ts';
import { objectName, regionOf } from './names.ts';
import { globalPath, type Location, placedPath } from './paths.ts';
import { type GcpRequest, serviceOn } from './request.ts';
import { instanceTemplate, isTemplateKey, type TemplateSpec } from './template.ts';

const SSH_PORT = 22;
const HEALTH_PATH = '/health';

/** What making objects needs, beside what finding and removing needs. */
export interface MakeDeps {
  source(): BootSource;
  /** Keys of what a template boots from. */
  readonly bootKeys: readonly string[];
  /** Seconds within which one VM must serve, and one that leaves must be gone. */
  readonly instanceSeconds: number;
  /** Resolves once B answers at the address. */
  serves(context: ResourceContext, address: string): Promise<void>;
}

/** Which of the objects that can be there more than once are meant. */
export interface Variant {
  /** Where the group is. */
  readonly location: Location;
  /** Key of the template. */
  readonly template: string;
  /** Keys of all groups and templates that may exist, so that what is removed goes in the right order. */
  readonly seen: readonly string[];
}

export type GcpResources = ReturnType<typeof gcpResources>;

/**
 * The resources of one stack on Compute Engine; nothing is called. Without `deps` they can find and remove, and not
 * create.
 */
export function gcpResources(
  compute: Compute,
  owner: Ownership,
  { location, template, seen }: Variant,
  deps: MakeDeps = NOTHING_MADE,
) {
  const { bootKeys, instanceSeconds, source, serves } = deps;
  const templates = [...new Set([template, ...seen.filter(isTemplateKey)])];
  const groups = [...new Set([groupKey(location), ...seen.filter(isGroupKey)])];
  return {
    address: globalAddress(compute, owner),
    lbFirewall: firewall(compute, owner, LB_FIREWALL),
    sshFirewall: firewall(compute, owner, SSH_FIREWALL),
    restFirewall: firewall(compute, owner, REST_FIREWALL),
    balancerCheck: healthCheck(compute, owner, BALANCER_CHECK),
    healingCheck: healthCheck(compute, owner, HEALING_CHECK),
    template: instanceTemplate(compute, owner, template, { dependsOn: bootKeys, source }),
    group: instanceGroup(compute, owner, location, {
      // The rules let the load balancer's questions in, without which no VM is healthy; they do not hold a group that goes.
      dependsOn: [...templates, HEALING_CHECK, ...(deps === NOTHING_MADE ? [] : [LB_FIREWALL, REST_FIREWALL])],
      instanceSeconds,
    }),
    autoscaler: autoscaler(compute, owner, location),
    backend: backendService(compute, owner),
    backendGroup: backendGroup(compute, owner, location, groups),
    urlMap: urlMap(compute, owner),
    proxy: httpProxy(compute, owner),
    rule: forwardingRule(compute, owner, serves),
  };
}

const NOTHING_MADE: MakeDeps = {
  bootKeys: [],
  instanceSeconds: 0,
  source: () => {
    throw new Error('a handle for removal cannot create');
  },
  serves: async () => {},
};

/** The resource with this key among all; undefined for a key that is not theirs. */
export function byKey(resources: GcpResources, key: string): Resource<unknown, unknown> | undefined {
  const all = Object.values(resources) as unknown as readonly Resource<unknown, unknown>[];
  return all.find((each) => each.key === key);
}

/** The network tag of the VMs of the service, builder included. */
export function vmTag(stack: string, service: string): string {
  return objectName(stack, service);
}

/** What the template of a request is made from. Pure. */
export function templateSpec(
  request: GcpRequest,
  source: BootSource,
  { stack, externalAddress }: { readonly stack: string; readonly externalAddress: boolean },
): TemplateSpec {
  const { type, diskGb, ttlSeconds } = request;
  return {
    ...{ type, diskGb, ttlSeconds, externalAddress },
    image: source.image,
    bootHash: source.hash,
    network: networkPath(request),
    subnet: subnetPath(request),
    tag: vmTag(stack, serviceOn(request)),
  };
}

/** The path of the network, which may be given as its name or as that path. */
export function networkPath({ project, network }: Pick<GcpRequest, 'project' | 'network'>): string {
  return network.includes('/') ? network : globalPath({ project }, 'networks', network);
}

/** The path of the subnet, which may be given as its name; undefined for the network's own in the region. */
export function subnetPath({ project, zones, subnet }: Pick<GcpRequest, 'project' | 'zones' | 'subnet'>) {
  if (subnet === undefined || subnet.includes('/')) return subnet;
  return placedPath({ project }, { region: regionOf(zones[0] ?? '') }, 'subnetworks', subnet);
}

interface Wanted {
  readonly request: GcpRequest;
  readonly boot: Boot;
  readonly template: TemplateSpec;
}

/** Turns a request into what is wanted on Compute Engine. Pure. */
export function desiredGcp(resources: GcpResources, { request, boot, template }: Wanted): Desired[] {
  const { min, max, autoscale, coolDownSeconds, requestSeconds, ratePerInstance } = request;
  const network = networkPath(request);
  const drainSeconds = drainSecondsOf(request);
  const { tag } = template;
  const { port } = onlyService(request).definition;
  const check = (key: keyof typeof CHECKS) => ({ ...CHECKS[key], port, path: HEALTH_PATH });
  const pathOf = (collection: string, { name }: { readonly name: string }) => globalPath(request, collection, name);
  return [
    desire(resources.address, {}),
    desire(resources.lbFirewall, { network, port, sources: BALANCER_RANGES, tag }),
    desire(resources.sshFirewall, { network, port: SSH_PORT, sources: [request.operatorAddress], tag }),
    desire(resources.restFirewall, { network, sources: [EVERYBODY], tag }),
    desire(resources.balancerCheck, check(BALANCER_CHECK)),
    desire(resources.healingCheck, check(HEALING_CHECK)),
    ...boot.desired,
    desire(resources.template, template),
    desire(resources.group, {
      template: pathOf('instanceTemplates', resources.template),
      size: min,
      port,
      healthCheck: pathOf('healthChecks', resources.healingCheck),
      startSeconds: boot.source.startSeconds,
    }),
    desire(resources.autoscaler, { ...autoscale, min, max, coolDownSeconds }),
    desire(resources.backend, { requestSeconds, drainSeconds }),
    desire(resources.backendGroup, { drainSeconds, ...(autoscale.signal === 'lb' ? { ratePerInstance } : {}) }),
    desire(resources.urlMap, {}),
    desire(resources.proxy, {}),
    desire(resources.rule, {}),
  ];
}

/** The API's own bound. */
const LONGEST_DRAIN_SECONDS = 3600;

/** Requests under way are given as long as any request. */
export function drainSecondsOf({ requestSeconds }: Pick<GcpRequest, 'requestSeconds'>): number {
  return Math.min(requestSeconds, LONGEST_DRAIN_SECONDS);
}
