import { dependents, SERVICES, serviceNamed } from '../../workloads/catalog.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';

/** Replicas are numbered from 1; a number beyond any sensible count bounds what `handle` has to know. */
export const MAX_REPLICAS = 64;

const REPLICA = /^(.+)-(\d+)$/;
const PROXY = /^proxy(?:-(.+))?$/;

/** What another service needs has replicas, with a proxy in front of them; every other one is one process. */
export function isReplicated({ name }: ServiceDefinition): boolean {
  return dependents(name).length > 0;
}

/** The services that have replicas, the first one first: its proxy is just called `proxy`. */
function replicated(): readonly ServiceDefinition[] {
  return SERVICES.filter(isReplicated);
}

/** Key of the process that answers for a service. */
export function frontOf(service: ServiceDefinition): string {
  if (!isReplicated(service)) return service.name;
  return replicated()[0] === service ? 'proxy' : `proxy-${service.name}`;
}

/** The service behind a proxy, by its key; undefined for a key that is no proxy's. */
export function behind(key: string): ServiceDefinition | undefined {
  const found = PROXY.exec(key);
  if (found === null) return undefined;
  return found[1] === undefined ? replicated()[0] : serviceNamed(found[1]);
}

/** The name of the service whose replica a key is; undefined for another process. */
export function replicaOf(key: string): string | undefined {
  return PROXY.test(key) ? undefined : REPLICA.exec(key)?.[1];
}

export function replicaKeys(service: ServiceDefinition, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${service.name}-${index + 1}`);
}

/** The keys of what a process needs. */
export function neededBy(key: string, replicas: number): readonly string[] {
  if (key === 'engine') return [];
  const service = behind(key);
  if (service !== undefined) return replicaKeys(service, replicas);
  const needs = (serviceNamed(replicaOf(key) ?? key)?.needs ?? []).flatMap((need) => serviceNamed(need) ?? []);
  return ['engine', ...needs.map(frontOf)];
}

/** Where a process says that it can serve, and what it has in flight. A proxy's health comes from a replica behind it. */
export function pathsOf(key: string): { readonly health: string; readonly inFlight: string } {
  if (key === 'engine') return { health: '/', inFlight: '/sim/stats' };
  return { health: '/health', inFlight: PROXY.test(key) ? '/-/proxy' : '/health' };
}
