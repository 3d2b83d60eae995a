import type { Compute } from './compute.ts';
import { type Marker, nameFilter, readMarker, shortName } from './names.ts';
import { rulePerHour, vmPerHour } from './prices.ts';
import { DEFAULT_DISK_GB } from './request.ts';

/** One object of the project that carries chainctl's marker. */
export interface MarkedObject extends Marker {
  readonly kind: MarkedKind;
  readonly name: string;
  /** ISO 8601, where the API tells it. */
  readonly createdAt?: string | undefined;
  /** Zone or region; undefined for what is global. */
  readonly place?: string | undefined;
  /** Machine type, for VMs. */
  readonly type?: string | undefined;
  /** How many VMs, for groups; how many groups it sends to, for backend services. */
  readonly size?: number | undefined;
}

type MarkedKind =
  | 'address'
  | 'autoscaler'
  | 'backend service'
  | 'firewall rule'
  | 'forwarding rule'
  | 'group'
  | 'health check'
  | 'image'
  | 'proxy'
  | 'template'
  | 'URL map'
  | 'VM';

interface Described {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly creationTimestamp?: string | null;
}

/**
 * Everything in the project that carries the marker, in whatever zone: of one stack, or of all. VMs of a group do not
 * carry it; they come and go with the group.
 */
export async function listMarked(compute: Compute, signal: AbortSignal, stack?: string): Promise<MarkedObject[]> {
  const input = { filter: stack === undefined ? 'name eq "chainctl-.*"' : nameFilter(stack) };
  const flat = async (kind: MarkedKind, list: Promise<readonly Described[]>) =>
    (await list).flatMap((each) => marked(kind, each));
  const found = await Promise.all([
    flat('address', compute.read('addresses.list', input, signal)),
    flat('firewall rule', compute.read('firewalls.list', input, signal)),
    flat('health check', compute.read('healthChecks.list', input, signal)),
    flat('image', compute.read('images.list', input, signal)),
    backends(compute, input, signal),
    flat('URL map', compute.read('urlMaps.list', input, signal)),
    flat('proxy', compute.read('targetHttpProxies.list', input, signal)),
    flat('forwarding rule', compute.read('forwardingRules.list', input, signal)),
    templates(compute, input, signal),
    groups(compute, input, signal),
    autoscalers(compute, input, signal),
    instances(compute, input, signal),
  ]);
  return found.flat().filter((each) => stack === undefined || each.stack === stack);
}

interface Filter {
  readonly filter: string;
}

async function templates(compute: Compute, input: Filter, signal: AbortSignal): Promise<MarkedObject[]> {
  const all = await compute.read('instanceTemplates.list', input, signal);
  return all.flatMap((each) => marked('template', each, { type: each.properties?.machineType ?? undefined }));
}

async function backends(compute: Compute, input: Filter, signal: AbortSignal): Promise<MarkedObject[]> {
  const all = await compute.read('backendServices.list', input, signal);
  return all.flatMap((each) => marked('backend service', each, { size: each.backends?.length ?? 0 }));
}

async function groups(compute: Compute, input: Filter, signal: AbortSignal): Promise<MarkedObject[]> {
  const scopes = await compute.read('instanceGroupManagers.aggregatedList', input, signal);
  return scopes.flatMap(([scope, { instanceGroupManagers }]) =>
    (instanceGroupManagers ?? []).flatMap((each) =>
      marked('group', each, { place: shortName(scope), size: each.targetSize ?? 0 }),
    ),
  );
}

async function autoscalers(compute: Compute, input: Filter, signal: AbortSignal): Promise<MarkedObject[]> {
  const scopes = await compute.read('autoscalers.aggregatedList', input, signal);
  return scopes.flatMap(([scope, { autoscalers: all }]) =>
    (all ?? []).flatMap((each) => marked('autoscaler', each, { place: shortName(scope) })),
  );
}

async function instances(compute: Compute, input: Filter, signal: AbortSignal): Promise<MarkedObject[]> {
  const scopes = await compute.read('instances.aggregatedList', input, signal);
  return scopes.flatMap(([scope, { instances: all }]) =>
    (all ?? []).flatMap((each) =>
      marked('VM', each, { place: shortName(scope), type: shortName(each.machineType) || undefined }),
    ),
  );
}

function marked(
  kind: MarkedKind,
  { name, description, creationTimestamp }: Described,
  more: Pick<MarkedObject, 'place' | 'type' | 'size'> = {},
): MarkedObject[] {
  const marker = readMarker(description);
  if (marker === undefined) return [];
  return [{ ...marker, kind, name: name ?? '', createdAt: creationTimestamp || undefined, ...more }];
}

/** What of an object decides its price. */
type Priced = Pick<MarkedObject, 'place' | 'type' | 'size'> & { readonly kind: string };

/** USD per hour. The VMs of a group are of its stack's template; which of several does not matter to the price. Pure. */
export function perHour(objects: readonly Priced[]): number | undefined {
  const template = objects.find(({ kind }) => kind === 'template');
  const vms = objects.flatMap(({ kind, place = '', type, size = 0 }) => {
    if (kind === 'VM') return [{ place, type }];
    return kind === 'group' ? Array.from({ length: size }, () => ({ place, type: template?.type })) : [];
  });
  const rules = objects.filter(({ kind }) => kind === 'forwarding rule').length;
  let sum = rules * rulePerHour();
  for (const { place, type } of vms) {
    const price = vmPerHour(place, type ?? '', DEFAULT_DISK_GB, true);
    if (price === undefined) return undefined;
    sum += price;
  }
  return sum;
}
