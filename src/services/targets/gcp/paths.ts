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
