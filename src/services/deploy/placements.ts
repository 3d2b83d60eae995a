import type { Provider } from '../stack/provider.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';

/** Which services of a deploy of everything go to which place. */
export interface Assignment {
  readonly provider: Provider;
  readonly services: readonly ServiceDefinition[];
}

/**
 * Every service on the first cloud that gets it where nothing else is said; those that others need come first. Pure.
 *
 * @param providers in the order of preference
 */
export function assignAll(providers: readonly Provider[], services: readonly ServiceDefinition[]): Assignment[] {
  const assigned = new Map<Provider, ServiceDefinition[]>();
  for (const service of neededFirst(services)) {
    const provider = providers.find((each) => each.billed && each.chosen(services).includes(service));
    if (provider === undefined) continue;
    assigned.set(provider, [...(assigned.get(provider) ?? []), service]);
  }
  return [...assigned].map(([provider, own]) => ({ provider, services: own }));
}

/** In an order in which each comes after those that it needs. */
function neededFirst(services: readonly ServiceDefinition[]): ServiceDefinition[] {
  const ordered: ServiceDefinition[] = [];
  const add = (service: ServiceDefinition, path: readonly ServiceDefinition[]) => {
    if (ordered.includes(service) || path.includes(service)) return;
    for (const need of service.needs) {
      const needed = services.find(({ name }) => name === need);
      if (needed !== undefined) add(needed, [...path, service]);
    }
    ordered.push(service);
  };
  for (const service of services) add(service, []);
  return ordered;
}
