import { readEndpoints, type StackEndpoints } from '../stack/endpoints.ts';
import type { StackPaths } from '../stack/paths.ts';
import type { Place } from '../stack/places.ts';
import type { Provider } from '../stack/provider.ts';
import { neededFirst } from '../workloads/catalog.ts';
import type { Endpoints, FlagValues, ServiceDefinition } from '../workloads/service-definition.ts';
import { checkNeeds, isLoopback, namedUrls } from './links.ts';
import type { Placement } from './run-deploy.ts';
import { settledSettings } from './service-settings.ts';

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

/**
 * What the flags ask of each place, and the addresses that are known beside those of this deploy.
 *
 * @param places in the order of the assignments
 * @throws RemedyError (exit 2) where a service lacks one that it needs, before anything is asked
 */
export async function placementsOf(
  paths: StackPaths,
  assignments: readonly Assignment[],
  places: readonly Place[],
  flags: FlagValues,
): Promise<{ readonly placements: readonly Placement[]; readonly known: Endpoints }> {
  const deployed = assignments.flatMap(({ services }) => services);
  const needs = deployed.flatMap((service) => service.needs);
  const known = { ...meantThere(await readEndpoints(paths), assignments), ...namedUrls(flags, needs) };
  for (const { provider, services } of assignments) {
    if (!provider.neighbours) checkNeeds(services, { stack: paths.name, deployed, known });
  }
  const set = await settledSettings(flags, assignments, places[0]?.site.operator);
  const placements = assignments.map(async ({ provider, services }, index): Promise<Placement> => {
    const place = places[index] as Place;
    const site = { ...place.site, flags: { ...place.site.flags, set } };
    return { place, services, request: await provider.ask(site, services) };
  });
  return { placements: await Promise.all(placements), known };
}

/**
 * The stack's addresses as other machines may take them: one that means this machine alone would lead each of them to
 * itself. Where it cannot be meant at all, it stays, and is refused by name.
 */
function meantThere({ urls, on }: StackEndpoints, assignments: readonly Assignment[]): Endpoints {
  const kept = Object.entries(urls).filter(
    ([service, url]) =>
      !isLoopback(url) || assignments.some(({ provider: { name, neighbours } }) => !neighbours || name === on[service]),
  );
  return Object.fromEntries(kept);
}
