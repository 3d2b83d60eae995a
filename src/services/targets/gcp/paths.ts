import type { Compute } from './compute.ts';

/** Where a group and its autoscaler are: one zone, or spread over the zones of a region. */
export type Location = { readonly zone: string } | { readonly region: string };

interface InProject {
  readonly project: string;
}

/** `europe-west3-c` or `europe-west3`. */
export function locationName(location: Location): string {
  return 'zone' in location ? location.zone : location.region;
}

/** The opposite: a zone is a region's name with a letter behind it. */
export function parseLocation(name: string): Location {
  return /-[a-z]$/.test(name) ? { zone: name } : { region: name };
}

export function globalPath({ project }: InProject, collection: string, name: string): string {
  return `projects/${project}/global/${collection}/${name}`;
}

export function placedPath({ project }: InProject, location: Location, collection: string, name: string): string {
  const place = 'zone' in location ? `zones/${location.zone}` : `regions/${location.region}`;
  return `projects/${project}/${place}/${collection}/${name}`;
}

/** For the few references that do not take a path. */
export function wholeUrl(path: string): string {
  return `https://www.googleapis.com/compute/v1/${path}`;
}

/** Whether two URLs mean the same object. */
export function samePath(one: string | null | undefined, other: string | null | undefined): boolean {
  return pathIn(one) === pathIn(other);
}

/** The path in a URL: the API answers whole ones where paths were given. */
export function pathIn(url: string | null | undefined): string {
  return (url ?? '').replace(/^.*?(?=projects\/)/, '');
}

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
