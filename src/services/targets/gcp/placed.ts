import type { Compute } from './compute.ts';
import type { Location } from './paths.ts';

/** What the API calls something of a zone in this place: a region has the same under other names. */
export function nameAt<Name extends string>(location: Location, name: Name): Name {
  return 'zone' in location ? name : (`region${name.charAt(0).toUpperCase()}${name.slice(1)}` as Name);
}

/**
 * Compute Engine with the calls for groups and autoscalers of one place. A region has the same calls as a zone, with the
 * region in place of the zone: the types are those of the zone.
 */
export function placed(compute: Compute, location: Location): Compute {
  const there = <Name extends string, Input extends object>(name: Name, input: Input): [Name, Input] =>
    /^(autoscalers|instanceGroups|instanceGroupManagers)\./.test(name)
      ? [nameAt(location, name), { ...location, ...input }]
      : [name, input];
  return {
    ...compute,
    read: (name, input, signal) => compute.read(...there(name, input), signal),
    begin: (name, input, signal) => compute.begin(...there(name, input), signal),
  };
}
