/**
 * When something happened, as far as a series of polls can tell: after the last poll without it, and at the latest at
 * the first one with it. Milliseconds since the epoch. Without `after` it was so from the first poll on.
 */
export interface Bounds {
  readonly after?: number;
  readonly by: number;
}

/** Seconds between which a duration lies: what is finer than the polls cannot be known. */
export type Span = readonly [least: number, most: number];

/** From one moment to another; never below 0 where the order of both is known and the polls are too rare to show it. */
export function spanBetween(from: Bounds, to: Bounds): Span {
  const least = Math.max(0, (to.after ?? Number.NEGATIVE_INFINITY) - from.by) / 1000;
  const most = Math.max(0, to.by - (from.after ?? from.by)) / 1000;
  return [thousandths(Math.min(least, most)), thousandths(most)];
}

/** When, in seconds since `origin` (milliseconds since the epoch). */
export function offsetOf({ after, by }: Bounds, origin: number): Span {
  return [thousandths(((after ?? by) - origin) / 1000), thousandths((by - origin) / 1000)];
}

/** Each with the one before it. */
export function pairs<T>(list: readonly T[]): (readonly [before: T, after: T])[] {
  return list.slice(1).map((after, place) => [list[place] as T, after]);
}

/** Milliseconds are as fine as the clock of a poll. */
function thousandths(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
