import { a } from './a.ts';
import { b } from './b.ts';
import type { ServiceDefinition } from './service-definition.ts';

/** Everything that can be deployed, in the order in which it is shown. */
export const SERVICES: readonly ServiceDefinition[] = [a, b];

/** @returns undefined where the catalog has none of that name */
export function serviceNamed(
  name: string | undefined,
  services: readonly ServiceDefinition[] = SERVICES,
): ServiceDefinition | undefined {
  return services.find((each) => each.name === name);
}

/** @throws Error where the catalog has none of that name: a record of a chainctl that had it */
export function definitionOf(name: string): ServiceDefinition {
  const found = serviceNamed(name);
  if (found === undefined) throw new Error(`this chainctl has no service "${name}"`);
  return found;
}

/** The services that need this one. */
export function dependents(name: string, services: readonly ServiceDefinition[] = SERVICES): ServiceDefinition[] {
  return services.filter(({ needs }) => needs.includes(name));
}

/** Where requests come in: the first service that no other one needs. */
export function entryOf(services: readonly ServiceDefinition[] = SERVICES): ServiceDefinition {
  const entry = services.find(({ name }) => dependents(name, services).length === 0) ?? services[0];
  if (entry === undefined) throw new Error('there is no service');
  return entry;
}

/** In an order in which each service comes after those that it needs: the order of plans and checks. */
export function neededFirst(services: readonly ServiceDefinition[]): ServiceDefinition[] {
  const ordered: ServiceDefinition[] = [];
  const add = (service: ServiceDefinition, waiting: readonly ServiceDefinition[]) => {
    if (ordered.includes(service) || waiting.includes(service)) return;
    for (const need of service.needs) {
      const needed = serviceNamed(need, services);
      if (needed !== undefined) add(needed, [...waiting, service]);
    }
    ordered.push(service);
  };
  for (const service of services) add(service, []);
  return ordered;
}
