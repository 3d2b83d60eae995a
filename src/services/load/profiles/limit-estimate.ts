/** What a point says of one objective. */
export interface Reading {
  /** The objective as it was typed, or what stands for the target's capacity. */
  readonly name: string;
  /**
   * How far it is missed: 0 at its bound, above where it is missed, and growing about evenly with what is offered. Of
   * `backlog` the part of what was offered that piled up.
   */
  readonly excess: number;
  /** Standard error. */
  readonly error: number;
  readonly kind: 'curve' | 'backlog';
  /** Nothing missed it, or everything did: the excess may be less, or more. */
  readonly bound?: 'most' | 'least';
}

/** A point as evidence: the offered number (a rate, or a concurrency), for how long, and what it said. */
export interface Evidence {
  readonly offered: number;
  readonly durationSeconds: number;
  readonly readings: readonly Reading[];
}

/** Where a limit lies. */
export interface Limit {
  /** With 99 % between these; the middle is as likely too high as too low. */
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  /** Chances that it is below, or above, all that may be offered. */
  readonly below: number;
  readonly above: number;
  /** What gives way first. */
  readonly by: string;
  /** What may: the growth of each excess with the logarithm of what is offered. */
  readonly slopes: ReadonlyMap<string, number>;
  /** Standard error of its logarithm, by the middle half. */
  readonly error: number;
}

/** Outside of the interval, on both sides together. */
const OUTSIDE = 0.008;
const CELLS = 240;
/** An objective that may give way that near below the limit, as a factor, has to be known as well. */
const CLOSE = 1.015;
/** How steep an objective may be: growth of its excess by the logarithm of what is offered. */
const SLOPES = Array.from({ length: 34 }, (_, i) => 0.5 * 1.25 ** i);
/** Errors come from few batches: Student's t with so many degrees of freedom. */
const FREEDOM = 30;
/** What a straight line leaves out, as a logarithm: by the distance, and by what the line makes of it. */
const BEND = { distance: 0.75, excess: 0.2, most: 2 } as const;
/**
 * What held in a short point may not hold for longer, since a queue begins empty: so much less is it worth, by the logarithm
 * of how many times longer than that the longest point is.
 */
const SHORT = { from: 10, less: 1 } as const;
/** At its capacity a queue misses an objective about so far; where it is only known that something overloads it. */
const AT_CAPACITY = { excess: 3, error: 2 } as const;
/** A backlog is one from so many standard errors on. */
const CERTAIN = 3;

/** Whether more piled up than chance leaves at the end of a point. */
export function pilesUp({ readings }: Evidence): boolean {
  return readings.some(({ kind, excess, error }) => kind === 'backlog' && excess > 0.01 && excess > CERTAIN * error);
}

/**
 * Where the limit lies of what can be offered between `low` and `high`, by Bayes' rule over a grid: of each objective a
 * line of unknown slope through its limit, with what a line leaves out as a further error of points that are far from it;
 * and the capacity, from what piled up. The least of them is the limit.
 */
export function limitOf(seen: readonly Evidence[], low: number, high: number): Limit {
  const [from, to] = [low / 1.1, high * 1.1];
  const coarse = limitWithin(seen, gridOf(from, to), low, high);
  // Once more, finely, where nearly all of the chance is.
  const near = gridOf(Math.max(from, coarse.least), Math.min(to, coarse.most));
  const { least: _, most: __, ...limit } = limitWithin(seen, near, low, high);
  return { ...limit, below: Math.max(limit.below, coarse.below), above: Math.max(limit.above, coarse.above) };
}

function gridOf(from: number, to: number): Float64Array {
  const step = Math.log(to / from) / CELLS;
  return Float64Array.from({ length: CELLS }, (_, i) => Math.log(from) + (i + 0.5) * step);
}

function limitWithin(seen: readonly Evidence[], grid: Float64Array, low: number, high: number) {
  const names = [...new Set(seen.flatMap(({ readings }) => readings.map(({ name }) => name)))];
  const each = names.map((name) => ({ name, ...chancesOf(seen, name, grid) }));
  // The least of them is above what all of them are above.
  const above = grid.map((_, i) => each.reduce((product, { aboveOf }) => product * (aboveOf[i] ?? 1), 1));
  const at = (chance: number) => {
    const index = above.findIndex((value) => value < 1 - chance);
    return Math.exp(grid[index < 0 ? CELLS - 1 : index] ?? 0);
  };
  const [step, middle] = [Math.exp((grid[1] ?? 0) - (grid[0] ?? 0)), at(0.5)];
  const chanceAbove = (value: number) => above.findLast((_, i) => (grid[i] ?? 0) <= Math.log(value)) ?? 1;
  const chanceOf = ({ aboveOf }: { aboveOf: Float64Array }, value: number) =>
    aboveOf.findLast((_, i) => (grid[i] ?? 0) <= Math.log(value)) ?? 1;
  const first = each.toSorted((one, other) => chanceOf(one, middle) - chanceOf(other, middle))[0];
  const close = each.filter((one) => one === first || chanceOf(one, middle / CLOSE) < 1 - OUTSIDE / 2);
  return {
    low: at(OUTSIDE / 2),
    middle,
    high: at(1 - OUTSIDE / 2),
    below: 1 - chanceAbove(low),
    above: chanceAbove(high),
    error: Math.log(at(0.75) / at(0.25)) / 1.35,
    by: first?.name ?? '',
    slopes: new Map(close.map(({ name, slope }) => [name, slope])),
    least: at(1e-6) / step ** 2,
    most: at(1 - 1e-6) * step ** 2,
  };
}

/** Of one objective: the chance, cell by cell, that its limit is above; and how steep it is there. */
function chancesOf(seen: readonly Evidence[], name: string, grid: Float64Array) {
  const longest = Math.max(...seen.map(({ durationSeconds }) => durationSeconds));
  const points = seen.flatMap((point) => {
    const reading = point.readings.find((each) => each.name === name);
    if (reading === undefined) return [];
    const at = Math.log(point.offered);
    if (reading.kind === 'backlog') return [{ at, ...reading }];
    if (pilesUp(point)) return reading.excess > 0 ? [atCapacity(point, reading)] : [];
    const times = longest / point.durationSeconds / SHORT.from;
    const less = reading.excess > 0 || times < 1 ? 1 : 1 + SHORT.less * Math.log(times);
    return [{ at, ...reading, less }];
  });
  const isBacklog = points[0]?.kind === 'backlog';
  const slopes = isBacklog ? [1] : SLOPES;
  const logs = Array.from(grid, (limit) => slopes.map((slope) => likelihood(points, limit, slope)));
  const most = Math.max(...logs.flat());
  // Before anything is known it is rather near to the capacity than far below it: by the square of the rate.
  const prior = grid.map((at) => 2 * (at - (grid.at(-1) ?? 0)));
  const weights = logs.map((row, i) => row.map((log) => Math.exp(log - most + (prior[i] ?? 0))));
  const cells = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  const all = cells.reduce((sum, weight) => sum + weight, 0);
  let left = all;
  const aboveOf = Float64Array.from(cells, (weight) => {
    left -= weight;
    return left / all;
  });
  const slope = weights.flat().reduce((sum, w, i) => sum + w * Math.log(slopes[i % slopes.length] ?? 1), 0) / all;
  return { aboveOf, slope: Math.exp(slope) };
}

/** What an overload says of an objective that it misses: nothing at its own rate, where it gets worse all the time. */
function atCapacity({ offered, readings }: Evidence, { name }: Reading): Placed {
  const { excess = 0, error = 0 } = readings.find(({ kind }) => kind === 'backlog') ?? {};
  const left = Math.max(0.01, 1 - excess);
  return { ...AT_CAPACITY, name, kind: 'curve', at: Math.log(offered * left), place: error / left };
}

interface Placed extends Reading {
  readonly at: number;
  /** Standard error of that. */
  readonly place?: number;
  /** What is off counts so many times less. */
  readonly less?: number;
}

/** Logarithm, up to what is the same for all lines, of how likely the points are with this line. */
function likelihood(points: readonly Placed[], limit: number, slope: number): number {
  let log = 0;
  for (const { at, place = 0, less = 1, excess, error, kind, bound } of points) {
    const far = at - limit;
    const line = kind === 'backlog' ? Math.max(0, -Math.expm1(-far)) : slope * far;
    const bend =
      kind === 'backlog' ? 0 : Math.min(BEND.most, BEND.distance * Math.abs(far) + BEND.excess * Math.abs(line));
    // Far away a line tells the side, and hardly how far it goes.
    const [one, other] = [line * Math.exp(bend), line * Math.exp(-bend)];
    const least = bound === 'least' ? Number.NEGATIVE_INFINITY : Math.min(one, other);
    const most = bound === 'most' ? Number.POSITIVE_INFINITY : Math.max(one, other);
    const off = Math.max(0, least - excess, excess - most) / less;
    // Of none at all, half of one is the excess: Poisson's chance of none where there should be more.
    if (bound !== undefined) log -= 0.5 * Math.expm1(Math.min(off, 5));
    else log -= ((FREEDOM + 1) / 2) * Math.log1p(off ** 2 / (error ** 2 + (slope * place) ** 2) / FREEDOM);
  }
  return log;
}
