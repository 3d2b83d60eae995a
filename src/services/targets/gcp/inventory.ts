import type { MarkedObject as Marked } from '../../stack/provider.ts';
import type { Compute } from './compute.ts';
import { nameFilter, readMarker, shortName } from './names.ts';
import { rulePerHour, vmPerHour } from './prices.ts';
import { DEFAULT_DISK_GB } from './request.ts';

/** What an object of each collection is called; those of {@link PLACED} are in a zone or region. */
const GLOBAL = {
  addresses: 'address',
  firewalls: 'firewall rule',
  healthChecks: 'health check',
  images: 'image',
  backendServices: 'backend service',
  urlMaps: 'URL map',
  targetHttpProxies: 'proxy',
  forwardingRules: 'forwarding rule',
  instanceTemplates: 'template',
} as const;
const PLACED = { instanceGroupManagers: 'group', autoscalers: 'autoscaler', instances: 'VM' } as const;

type MarkedKind = (typeof GLOBAL)[keyof typeof GLOBAL] | (typeof PLACED)[keyof typeof PLACED];

/** One object of the project that carries chainctl's marker. Its type is that of a VM, or of those of a template. */
export interface MarkedObject extends Marked {
  readonly key: string;
  readonly kind: MarkedKind;
  readonly name: string;
  /** How many VMs, for groups; how many groups it sends to, for backend services. */
  readonly size?: number | undefined;
}

/** What of any object is looked at. */
interface Described {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly creationTimestamp?: string | null;
  readonly machineType?: string | null;
  readonly properties?: { readonly machineType?: string | null } | null;
  readonly targetSize?: number | null;
  readonly backends?: readonly unknown[] | null;
}

/**
 * Everything in the project that carries the marker, in whatever zone: of one stack, or of all. VMs of a group do not
 * carry it; they come and go with the group.
 */
export async function listMarked(compute: Compute, signal: AbortSignal, stack?: string): Promise<MarkedObject[]> {
  const input = { filter: stack === undefined ? 'name eq "chainctl-.*"' : nameFilter(stack) };
  const global = Object.entries(GLOBAL).map(async ([collection, kind]) => {
    const all = await compute.read(`${collection as keyof typeof GLOBAL}.list`, input, signal);
    return all.flatMap((each: Described) => marked(kind, each));
  });
  const placed = Object.entries(PLACED).map(async ([collection, kind]) => {
    const scopes = await compute.read(`${collection as keyof typeof PLACED}.aggregatedList`, input, signal);
    return scopes.flatMap(([scope, lists]) =>
      ((lists as Record<string, readonly Described[]>)[collection] ?? []).flatMap((each) => marked(kind, each, scope)),
    );
  });
  const found = await Promise.all([...global, ...placed]);
  return found.flat().filter((each) => stack === undefined || each.stack === stack);
}

function marked(kind: MarkedKind, object: Described, scope?: string): MarkedObject[] {
  const { name, description, creationTimestamp, machineType, properties, targetSize, backends } = object;
  const marker = readMarker(description);
  if (marker === undefined) return [];
  return [
    {
      ...marker,
      kind,
      name: name ?? '',
      createdAt: creationTimestamp || undefined,
      place: scope === undefined ? undefined : shortName(scope),
      type: shortName(machineType ?? properties?.machineType) || undefined,
      size: targetSize ?? backends?.length,
    },
  ];
}

/** What of an object decides its price. */
type Priced = Pick<MarkedObject, 'place' | 'type' | 'size'> & { readonly kind: string };

/** USD per hour. The VMs of a group are of its stack's template; which of several does not matter to the price. Pure. */
export function perHour(objects: readonly Priced[]): number | undefined {
  const template = objects.find(({ kind }) => kind === 'template');
  const vm = (place = '', type = '') => vmPerHour(place, type, DEFAULT_DISK_GB, true);
  const prices = objects.flatMap(({ kind, place, type, size = 0 }) => {
    if (kind === 'forwarding rule') return [rulePerHour()];
    if (kind === 'VM') return [vm(place, type)];
    return kind === 'group' ? Array.from({ length: size }, () => vm(place, template?.type)) : [];
  });
  const known = prices.filter((price) => price !== undefined);
  return known.length < prices.length ? undefined : known.reduce((sum, price) => sum + price, 0);
}
