import { defined } from '../defined.ts';
import type { GroupError } from '../stack/group.ts';
import { answersOf } from './answers.ts';
import { pairs, type Serving } from './bounds.ts';
import { type Capacity, givenCapacity, plateauCapacity } from './capacity.ts';
import { type DemandChange, elasticityMetrics, type SupplyPoll } from './elasticity-metrics.ts';
import { hasReached } from './instance-state.ts';
import { type LoadCurve, loadOfRun, loadOfWatch, type RecordedLoad } from './load-curve.ts';
import { type Poll, type Polls, pollsOf } from './polls.ts';
import type { Timeline } from './read-timeline.ts';
import { scaleEvents } from './scale-events.ts';
import { scaleIn } from './scale-in.ts';
import { type EventContext, scaleOut } from './scale-out.ts';

/** Polls that are further apart than so many intervals leave a hole. */
export const LONGEST_GAP = 3;

export type ScalingFigures = ReturnType<typeof scalingFigures>;

export interface ElasticityOptions {
  /** The run's own load; without it, what the watch saw of one counts. */
  readonly load?: RecordedLoad;
  /** Requests per second that one instance sustains; without it, the run's own plateau is searched for. */
  readonly capacity?: Capacity;
}

/**
 * Everything that a timeline tells about a group's elasticity; the same record always gives the same figures. Times are
 * ISO 8601 UTC, offsets seconds since `origin`.
 */
export function scalingFigures(timeline: Timeline, options: ElasticityOptions = {}) {
  const polls = pollsOf(timeline);
  const load = curveOf(timeline, options);
  const serving = servingAt(polls);
  const answers = answersOf(polls.all, load, servingOrder(polls));
  const { about } = timeline;
  const first = polls.all[0]?.at ?? about.startedAt;
  const origin = load?.levels[0]?.at ?? first;
  const context: EventContext = { polls, origin, steps: load?.steps, answers, serving };
  const events = scaleEvents(polls.all);
  const recorded = about.capacityPerInstance === undefined ? undefined : givenCapacity(about.capacityPerInstance);
  const capacity = options.capacity ?? recorded ?? (load && plateauCapacity(load, serving));
  // A week of polls is more than a call takes as arguments.
  const floor = timeline.samples.reduce((most, { group }) => Math.max(most, group.autoscaler?.min ?? 1), 1);
  const interval = medianInterval(polls.all) ?? about.intervalSeconds * 1000;
  const demand = load && capacity && demandOf(load, capacity, floor);
  const metrics = demand && elasticityMetrics(suppliesOf(polls, demand[0]?.at), demand, LONGEST_GAP * interval);
  const broken = timeline.samples.flatMap(({ problem }) => problem ?? []);
  return defined({
    group: about.group,
    // Of the first poll; `origin`: when the load began, without one the first poll.
    startedAt: new Date(first).toISOString(),
    origin: new Date(origin).toISOString(),
    originIs: load === undefined ? 'first look' : 'load',
    seconds: ((polls.all.at(-1)?.at ?? first) - first) / 1000,
    looks: polls.all.length,
    // Polls of which a part is missing, and why the first one is.
    incomplete: broken.length,
    problem: broken[0],
    // Median time between two polls: no figure is finer.
    intervalSeconds: interval / 1000,
    scaleOuts: events.filter(({ from, to }) => to > from).map((event) => scaleOut(event, context)),
    scaleIns: events.filter(({ from, to }) => to < from).map((event) => scaleIn(event, context, load)),
    // Who answered is known from the load, second by second, or from `GET /health`; and how hosts were told apart.
    answersFrom: answers && { source: answers.source, matched: answers.matched },
    // The demand was never taken to be below the floor: the autoscaler's minimum, or 1.
    capacity,
    floor,
    metrics,
    noMetrics: metrics === undefined ? whyNoMetrics(load, capacity) : undefined,
    // What the group complained of, each once; and what a reader must know before using the figures.
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
function servingAt({ all }: Polls): Serving {
  const seen = all.flatMap(({ at, serving }) => (serving === undefined ? [] : [{ at, serving }]));
  return (at) => seen.findLast((each) => each.at <= at)?.serving;
}

/** Instances in the order in which they began to serve. */
function servingOrder({ all }: Polls): string[] {
  const order = all.flatMap(({ instances }) => {
    const serving = [...(instances?.values() ?? [])].filter((instance) => hasReached(instance, 'serving'));
    return serving.map(({ name }) => name).sort((a, b) => a.localeCompare(b));
  });
  return [...new Set(order)];
}

/** Milliseconds between two polls; undefined for less than two. */
function medianInterval(polls: readonly Poll[]): number | undefined {
  const gaps = pairs(polls).map(([before, after]) => after.at - before.at);
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
}
