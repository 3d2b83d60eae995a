/** So many different names are counted one by one. They come from the network, and a target may make up new ones for ever. */
const MOST_NAMES = 200;

/** What all further names are counted under together, as OpenTelemetry calls them; also in JSON and CSV. */
export const OTHER = '_OTHER';

/** Counts of names from the network, in bounded memory: the first {@link MOST_NAMES} one by one, and the rest together. */
export class Counts extends Map<string, number> {
  readonly #most: number;
  readonly #always: readonly string[];

  /** @param always names that are never among the rest, since something is decided by them */
  constructor(most = MOST_NAMES, always: readonly string[] = []) {
    super();
    this.#most = most;
    this.#always = always;
  }

  /** @returns what it was counted under */
  count(name: string): string {
    const known = this.has(name) || this.size < this.#most || this.#always.includes(name);
    const under = known ? name : OTHER;
    this.set(under, (this.get(under) ?? 0) + 1);
    return under;
  }
}

/** The largest first, equal ones by name; what was not told apart comes last, however much it is. */
export function byCount(counts: Iterable<readonly [string, number]>): [name: string, count: number][] {
  const isOther = (name: string) => Number(name === OTHER);
  return [...counts]
    .map(([name, count]): [string, number] => [name, count])
    .sort(([a, m], [b, n]) => isOther(a) - isOther(b) || n - m || a.localeCompare(b));
}

/**
 * The most frequent names, and what is left as one entry more: `and 12 more`, or `and more than 180 more` where not all
 * of them were told apart.
 */
export function topCounts(counts: Iterable<readonly [string, number]>, most: number): [name: string, count: number][] {
  const all = byCount(counts);
  const named = all.filter(([name]) => name !== OTHER);
  const some = named.length < all.length;
  // The place of the summary has room for a name.
  if (!some && named.length <= most + 1) return named;
  const shown = named.slice(0, most);
  const hidden = named.length - shown.length;
  const left = all.reduce((sum, [, count]) => sum + count, 0) - shown.reduce((sum, [, count]) => sum + count, 0);
  const more = some ? (hidden === 0 ? 'and others' : `and more than ${hidden} more`) : `and ${hidden} more`;
  return [...shown, [more, left]];
}
