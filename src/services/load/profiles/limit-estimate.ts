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
/** Where a limit is looked for: a little beyond what may be offered, in so many parts, and around each point finely. */
const BEYOND = 1.1;
const CELLS = 100;
const FINE = [1, 1.001, 1.002, 1.0035, 1.005, 1.007, 1.01, 1.014, 1.02, 1.03, 1.045] as const;
/** An objective that may give way that near below the limit, as a factor, has to be known as well. */
const CLOSE = 1.015;
/** Held at the upper end is held: that more piles up by that factor would be seen in a longer point only. */
const UPPER = 1.03;
/** How steep an objective may be: growth of its excess by the logarithm of what is offered. */
const SLOPES = Array.from({ length: 34 }, (_, i) => 0.5 * 1.25 ** i);
/** Errors come from few batches: Student's t with so many degrees of freedom. */
const FREEDOM = 30;
/** What a straight line leaves out, as a logarithm: by the distance, and by what the line makes of it. */
const BEND = { distance: 0.75, excess: 0.2, below: 2, above: 1.2 } as const;
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
  const edges = edgesOf(seen, low / BEYOND, high * BEYOND);
  const names = [...new Set(seen.flatMap(({ readings }) => readings.map(({ name }) => name)))];
  const each = names.map((name) => ({ name, ...chancesOf(seen, name, edges) }));
  // The least of them is above what all of them are above.
  const above = edges.map((_, i) => each.reduce((product, { aboveOf }) => product * (aboveOf[i] ?? 1), 1));
  const at = (chance: number) => Math.exp(whereFalls(edges, above, 1 - chance));
  const middle = at(0.5);
  const first = each.toSorted(
    (one, other) => chanceAt(edges, one.aboveOf, middle) - chanceAt(edges, other.aboveOf, middle),
  )[0];
  const close = each.filter((one) => one === first || chanceAt(edges, one.aboveOf, middle / CLOSE) < 1 - OUTSIDE / 2);
  return {
    low: at(OUTSIDE / 2),
    middle,
    high: at(1 - OUTSIDE / 2),
    error: Math.log(at(0.75) / at(0.25)) / 1.35,
    below: 1 - chanceAt(edges, above, low),
    above: each.reduce((all, one) => all * chanceAt(edges, one.aboveOf, one.isBacklog ? high / UPPER : high), 1),
    by: first?.name ?? '',
    slopes: new Map(close.map(({ name, slope }) => [name, slope])),
  };
}

/** Logarithms between which a limit may lie: evenly over all that can be offered, and finely around what was. */
function edgesOf(seen: readonly Evidence[], from: number, to: number): Float64Array {
  const even = Array.from({ length: CELLS + 1 }, (_, i) => Math.log(from) + (i * Math.log(to / from)) / CELLS);
  const fine = seen.flatMap(({ offered }) => FINE.flatMap((by) => [Math.log(offered * by), Math.log(offered / by)]));
  const within = [...even, ...fine].filter((edge) => edge >= Math.log(from) && edge <= Math.log(to));
  return Float64Array.from(new Set(within)).sort();
}

/** Where a chance that falls from edge to edge falls to a value, in between by a straight line. */
function whereFalls(edges: Float64Array, chances: Float64Array, to: number): number {
  const index = Math.max(
    1,
    chances.findIndex((chance) => chance <= to),
  );
  const [before, after] = [chances[index - 1] ?? 1, chances[index] ?? 0];
  const [one, other] = [edges[index - 1] ?? 0, edges[index] ?? 0];
  return before > after ? one + ((other - one) * Math.min(1, Math.max(0, before - to))) / (before - after) : other;
}

function chanceAt(edges: Float64Array, chances: Float64Array, offered: number): number {
  return chances.findLast((_, i) => (edges[i] ?? 0) <= Math.log(offered) + 1e-9) ?? 1;
}

/** Of one objective: the chance, edge by edge, that its limit is above; and how steep it is there. */
function chancesOf(seen: readonly Evidence[], name: string, edges: Float64Array) {
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
  const cells = Array.from({ length: edges.length - 1 }, (_, i) => [edges[i] ?? 0, edges[i + 1] ?? 0] as const);
  const logs = cells.map(([from, to]) => slopes.map((by) => likelihood(points, (from + to) / 2, by)));
  const most = Math.max(...logs.flat());
  const top = edges.at(-1) ?? 0;
  let all = 0;
  let steepness = 0;
  const weights = cells.map(([from, to], i) => {
    // Before anything is known it is rather near to the capacity than far below it: by the square of the rate.
    const prior = (to - from) * Math.exp(from + to - 2 * top);
    const row = logs[i] ?? [];
    const weight = row.reduce((sum, log) => sum + Math.exp(log - most), 0) * prior;
    steepness += prior * row.reduce((sum, log, at) => sum + Math.exp(log - most) * Math.log(slopes[at] ?? 1), 0);
    all += weight;
    return weight;
  });
  const aboveOf = new Float64Array(edges.length);
  let left = all;
  for (let i = 0; i < edges.length; i++) {
    aboveOf[i] = Math.max(0, left / all);
    left -= weights[i] ?? 0;
  }
  return { aboveOf, isBacklog, slope: Math.exp(steepness / all) };
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
      kind === 'backlog'
        ? 0
        : Math.min(line < 0 ? BEND.below : BEND.above, BEND.distance * Math.abs(far) + BEND.excess * Math.abs(line));
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
