import { defined } from '../defined.ts';
import type { GroupError } from '../stack/group.ts';
import { answersOf } from './answers.ts';
import { pairs } from './bounds.ts';
import { type Capacity, givenCapacity, plateauCapacity } from './capacity.ts';
import { type DemandChange, type ElasticityMetrics, elasticityMetrics, type SupplyPoll } from './elasticity-metrics.ts';
import { hasReached } from './instance-state.ts';
import { type LoadCurve, loadOfRun, loadOfWatch, type RecordedLoad } from './load-curve.ts';
import { type Poll, type Polls, pollsOf } from './polls.ts';
import type { Timeline } from './read-timeline.ts';
import { scaleEvents } from './scale-events.ts';
import { type ScaleIn, scaleIn } from './scale-in.ts';
import { type EventContext, type ScaleOut, scaleOut } from './scale-out.ts';

/** Polls that are further apart than so many intervals leave a hole. */
export const LONGEST_GAP = 3;

/** Everything that a timeline tells about a group's elasticity. Offsets are seconds since {@link origin}. */
export interface ScalingFigures {
  readonly group: string;
  /** Of the first poll, ISO 8601 UTC. */
  readonly startedAt: string;
  /** When the load began; without one, the first poll. ISO 8601 UTC. */
  readonly origin: string;
  readonly originIs: 'load' | 'first look';
  readonly seconds: number;
  readonly looks: number;
  /** Polls of which a part is missing, and why the first one is. */
  readonly incomplete: number;
  readonly problem?: string;
  /** Median time between two polls: no figure is finer. */
  readonly intervalSeconds: number;
  readonly scaleOuts: readonly ScaleOut[];
  readonly scaleIns: readonly ScaleIn[];
  /** Who answered is known from the load, second by second, or from `GET /health`; and how hosts were told apart. */
  readonly answersFrom?: { readonly source: 'load' | 'health'; readonly matched: 'name' | 'order' };
  readonly capacity?: Capacity;
  /** What the demand was never taken to be below: the autoscaler's minimum, or 1. */
  readonly floor: number;
  readonly metrics?: ElasticityMetrics;
  /** Why there are no metrics. */
  readonly noMetrics?: string;
  /** What the group complained of, each once. */
  readonly errors: readonly GroupError[];
  /** What a reader must know before using the figures. */
  readonly remarks: readonly string[];
}

export interface ElasticityOptions {
  /** The run's own load; without it, what the watch saw of one counts. */
  readonly load?: RecordedLoad;
  /** Requests per second that one instance sustains; without it, the run's own plateau is searched for. */
  readonly capacity?: Capacity;
}

/** All figures of a timeline; the same record always gives the same ones. */
export function scalingFigures(timeline: Timeline, options: ElasticityOptions = {}): ScalingFigures {
  const polls = pollsOf(timeline);
  const load = curveOf(timeline, options);
  const serving = servingAt(polls);
  const answers = answersOf(polls.all, load, servingOrder(polls));
  const first = polls.all[0]?.at ?? timeline.about.startedAt;
  const origin = load?.levels[0]?.at ?? first;
  const context: EventContext = { polls, origin, steps: load?.steps, answers, serving };
  const events = scaleEvents(polls.all);
  const capacity = capacityOf(timeline, options, load, serving);
  // A week of polls is more than a call takes as arguments.
  const floor = timeline.samples.reduce((most, { group }) => Math.max(most, group.autoscaler?.min ?? 1), 1);
  const interval = medianInterval(polls.all) ?? timeline.about.intervalSeconds * 1000;
  const demand = load && capacity && demandOf(load, capacity, floor);
  const metrics = demand && elasticityMetrics(suppliesOf(polls, demand[0]?.at), demand, LONGEST_GAP * interval);
  const broken = timeline.samples.flatMap(({ problem }) => problem ?? []);
  return defined({
    group: timeline.about.group,
    startedAt: new Date(first).toISOString(),
    origin: new Date(origin).toISOString(),
    originIs: load === undefined ? 'first look' : 'load',
    seconds: ((polls.all.at(-1)?.at ?? first) - first) / 1000,
    ...{ looks: polls.all.length, incomplete: broken.length, problem: broken[0], intervalSeconds: interval / 1000 },
    scaleOuts: events.filter(({ from, to }) => to > from).map((event) => scaleOut(event, context)),
    scaleIns: events.filter(({ from, to }) => to < from).map((event) => scaleIn(event, context, load)),
    answersFrom: answers && { source: answers.source, matched: answers.matched },
    ...{ capacity, floor, metrics, noMetrics: metrics === undefined ? whyNoMetrics(load, capacity) : undefined },
    errors: errorsOf(timeline),
    remarks: remarksOf(timeline, polls, load, demand),
  });
}

/** The demand in instances over time: the fewest that sustain what is offered, and never fewer than the group keeps. */
export function demandOf(load: LoadCurve, { perInstance }: Capacity, floor: number): DemandChange[] {
  return load.levels.map(({ at, rps }) => ({
    at,
    // A rate that is a multiple of the capacity needs no instance more for the last digit of a division.
    instances: Math.max(floor, Math.ceil(rps / perInstance - 1e-9)),
  }));
}

export function curveOf({ samples }: Timeline, { load }: ElasticityOptions): LoadCurve | undefined {
  return (load && loadOfRun(load)) ?? loadOfWatch(samples);
}

function capacityOf(
  { about }: Timeline,
  { capacity }: ElasticityOptions,
  load: LoadCurve | undefined,
  serving: (at: number) => number | undefined,
): Capacity | undefined {
  if (capacity !== undefined) return capacity;
  if (about.capacityPerInstance !== undefined) return givenCapacity(about.capacityPerInstance);
  return load && plateauCapacity(load, serving);
}

function whyNoMetrics(load: LoadCurve | undefined, capacity: Capacity | undefined): string {
  if (load === undefined) return 'no load was recorded with the timeline: there is no demand to compare with';
  if (capacity === undefined) {
    return 'what one instance sustains is not known, and the group was never at its limit for long enough to measure it';
  }
  return 'how many instances served is not known while the load ran';
}

function errorsOf({ samples }: Timeline): GroupError[] {
  const keyOf = ({ at, code, message, instance }: GroupError) => JSON.stringify([at, code, message, instance]);
  const all = samples.flatMap(({ group }) => group.errors);
  return [...Map.groupBy(all, keyOf).values()].flatMap(([first]) => first ?? []);
}

function remarksOf(
  { samples }: Timeline,
  { all, healthKnown }: Polls,
  load: LoadCurve | undefined,
  demand: readonly DemandChange[] | undefined,
): string[] {
  const max = samples.flatMap(({ group }) => group.autoscaler?.max ?? [])[0] ?? Number.POSITIVE_INFINITY;
  const most = Math.max(0, ...(demand ?? []).map(({ instances }) => instances));
  const remarks: readonly (readonly [holds: boolean, remark: string])[] = [
    [
      all.every(({ targetSize }) => targetSize === undefined),
      'the group does not report its target size: changes of size are read from its instances',
    ],
    [
      load?.source === 'watch',
      'the load is known as the polls saw it: its changes, too, may have come up to a poll earlier',
    ],
    [!healthKnown, 'nothing reports which instances are healthy'],
    [
      most > max,
      `the load asked for up to ${most} instances and the group may have ${max}: the rest of what is missing is by design`,
    ],
  ];
  return remarks.flatMap(([holds, remark]) => (holds ? [remark] : []));
}

/** The supply, poll by poll; of the polls before `from` the last one, as if it were made then. */
function suppliesOf({ all }: Polls, from = Number.NEGATIVE_INFINITY): SupplyPoll[] {
  const first = all.findLastIndex(({ at }) => at <= from);
  return all.slice(Math.max(0, first)).map(({ at, serving }) => ({ at: Math.max(at, from), instances: serving }));
}

/** How many instances served at a time, as the last poll before it saw it. */
function servingAt({ all }: Polls): (at: number) => number | undefined {
  const seen = all.flatMap(({ at, serving }) => (serving === undefined ? [] : [{ at, serving }]));
  return (at) => seen.findLast((each) => each.at <= at)?.serving;
}

/** Instances in the order in which they began to serve. */
function servingOrder({ all }: Polls): string[] {
  const order = new Set<string>();
  for (const { instances } of all) {
    for (const instance of [...(instances?.values() ?? [])].sort((a, b) => a.name.localeCompare(b.name))) {
      if (hasReached(instance, 'serving')) order.add(instance.name);
    }
  }
  return [...order];
}

/** Milliseconds between two polls; undefined for less than two. */
function medianInterval(polls: readonly Poll[]): number | undefined {
  const gaps = pairs(polls).map(([before, after]) => after.at - before.at);
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
}
