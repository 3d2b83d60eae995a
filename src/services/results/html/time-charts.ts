import { unitOf } from '../../load/offered.ts';
import { profileOf } from '../../load/profiles/profiles.ts';
import type { SeriesSample } from '../../load/record/read-run.ts';
import { OTHER } from '../../load/stats/counts.ts';
import type { PointSummary } from '../../load/types.ts';
import type { ReportedRun } from '../recorded.ts';
import { hostTotals, perSecond, shareText, timeText } from '../text.ts';
import { type Chart, clockText, number, type Series, shown, stacked, tickTime } from './chart.ts';

/** Finer than that nobody sees it, and the page stays small for a sweep of hours. */
const MAX_COLUMNS = 600;

/** Hosts beyond so many are drawn as one. */
const MAX_HOSTS = 7;

/** A place on the time axis. */
interface Slot extends Pick<SeriesSample, 'index' | 'rate' | 'phase'> {
  /** Seconds since the first second of the first point. */
  readonly at: number;
  /** One or, in a long sweep, several; none between two points, of which nothing is known. */
  readonly seconds: readonly (readonly SeriesSample[])[];
}

const PHASE: Readonly<Record<SeriesSample['phase'], string>> = { warmup: 'warm-up', measure: 'window', drain: 'drain' };

const SHADING = 'Shaded: the measured windows, with their offered rates above. Between them: drain and warm-up.';
const OPEN_SHADING =
  'Shaded: the measured windows of a closed loop, with the requests kept open above. Between them: drain and warm-up.';

/** Everything over the time of the sweep: rates, requests in flight, response time, hosts. */
export function timeCharts({ report, series: recorded }: ReportedRun): Chart[] {
  const series = profileOf(report.plan).overlap ? sideBySide(report.points, recorded) : recorded;
  // Seconds to a column.
  const step = Math.max(1, Math.ceil(new Set(series.map(keyOf)).size / MAX_COLUMNS));
  const slots = slotsOf(report.points, series, step);
  const [first, last] = [slots[0], slots.at(-1)];
  if (first === undefined || last === undefined) return [];
  const bands = report.points.flatMap(({ index, rate }) => {
    const own = slots.filter((slot) => slot.index === index && slot.phase === 'measure');
    const [from, to] = [own[0]?.at, own.at(-1)?.at];
    return from === undefined || to === undefined ? [] : [{ from, to: to + step, label: String(rate) }];
  });
  // What a closed loop keeps open is no rate.
  const isClosed = report.plan.loop === 'closed';
  const byTime = new Map(slots.map((slot) => [slot.at, slot]));
  const many =
    step > 1 ? ` Each value stands for ${step} seconds: the mean rate, the most in flight, the worst percentile.` : '';
  const shared: Pick<Chart, 'bands' | 'note' | 'x' | 'columnName'> = {
    bands,
    note: (isClosed ? OPEN_SHADING : SHADING) + many,
    x: { label: 'time of the sweep', scale: 'time', tick: clockText, domain: [first.at, last.at + step] },
    columnName(x) {
      const slot = byTime.get(x);
      return slot === undefined
        ? clockText(x)
        : `${clockText(x)}, ${slot.rate} ${unitOf(report.plan)}, ${PHASE[slot.phase]}`;
    },
  };
  type Line = readonly [name: string, color: number, value: (slot: Slot) => number];
  const line = ([name, color, value]: Line, text: (value: number) => string): Series => {
    const data = slots.map((slot) => ({ x: slot.at, y: value(slot), text: text(value(slot)) }));
    return { name, kind: 'line', color, data };
  };
  // Of several seconds: rates are means, and the worst percentile stands, since theirs cannot be had.
  const mean = (of: Count) => (slot: Slot) => total(slot.seconds.flat(), of) / slot.seconds.length;
  const worst = (of: (sample: SeriesSample) => number | undefined) => (slot: Slot) =>
    largest(slot.seconds.flat().flatMap((each) => of(each) ?? []));
  const inFlight = ({ seconds }: Slot) => largest(seconds.map((each) => total(each, (sample) => sample.inFlight)));
  const offered = ({ seconds, phase, rate }: Slot) => (seconds.length > 0 && phase === 'measure' ? rate : Number.NaN);
  const rates: readonly Line[] = [
    ['sent', 4, mean(({ sent }) => sent)],
    ['ok', 2, mean(({ ok }) => ok)],
    ['failed', 7, mean(({ failed }) => failed)],
  ];
  const times: readonly Line[] = [
    ['p50', 0, worst(({ p50 }) => p50)],
    ['p99', 3, worst(({ p99 }) => p99)],
  ];
  const hosts = hostTotals(report.points).map(([host]) => host);
  return shown([
    {
      ...shared,
      id: 'rates',
      title: isClosed ? 'Achieved rate over time (closed loop)' : 'Offered and achieved rate over time',
      summary: `Requests ${isClosed ? '' : 'offered, '}sent, answered and failed in each second of the sweep.`,
      y: { label: 'per second', scale: 'linear', tick: number },
      series: [
        ...(isClosed ? [] : [{ ...line(['offered', 6, offered], perSecond), dashed: true }]),
        ...rates.map((each) => line(each, perSecond)),
      ],
    },
    {
      ...shared,
      id: 'in-flight',
      title: 'Requests in flight over time',
      summary: `Open requests at the end of each second. The peak is ${slots.reduce((peak, slot) => Math.max(peak, inFlight(slot) || 0), 0)}.`,
      y: { label: 'in flight', scale: 'linear', tick: number },
      series: [
        ...(isClosed ? [{ ...line(['kept open', 6, offered], String), dashed: true }] : []),
        line(['in flight', 0, inFlight], String),
      ],
    },
    {
      ...shared,
      id: 'response-over-time',
      title: 'Response time over time',
      summary: 'Median and 99th percentile of the response time of the successes that ended in each second.',
      y: { label: 'response time', scale: 'log', tick: tickTime },
      series: times.map((each) => line(each, timeText)),
    },
    {
      ...shared,
      id: 'hosts',
      title: 'Share of answers per host over time',
      summary: `Which of ${hosts.includes(OTHER) ? 'more than ' : ''}${hosts.length} hosts the answers of each second came from, in shares.`,
      y: { label: 'share of answers', scale: 'linear', tick: (value) => `${value} %`, domain: [0, 100] },
      series: hostSeries(hosts, slots).map((each) => ({ ...each, step })),
    },
  ]);
}

/** Of a second of a point. */
function keyOf({ index, second }: Pick<SeriesSample, 'index' | 'second'>): string {
  return `${index} ${second}`;
}

type Count = (sample: SeriesSample) => number;

function total(samples: readonly SeriesSample[], of: Count): number {
  return samples.reduce((sum, sample) => sum + of(sample), 0);
}

/** NaN where there is none. */
function largest(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : Math.max(...values);
}

/** Shares of the answers of each second, in stacks; beyond some hosts, the others are one. */
function hostSeries(hosts: readonly string[], slots: readonly Slot[]): Series[] {
  const named = hosts.length > MAX_HOSTS ? hosts.slice(0, MAX_HOSTS - 1) : hosts;
  const groups = [...named.map((host) => [host]), ...(named.length < hosts.length ? [hosts.slice(named.length)] : [])];
  const count = ({ seconds }: Slot, group: readonly string[]) =>
    total(seconds.flat(), (sample) => group.reduce((all, host) => all + (sample.hosts[host] ?? 0), 0));
  const pieces = groups.map((group, color) => ({
    name: group.length > 1 ? `${group.includes(OTHER) ? 'more than ' : ''}${group.length} others` : (group[0] ?? ''),
    color,
    // A second without answers has no shares: 0 / 0 is NaN.
    value: (slot: Slot) => (100 * count(slot, group)) / count(slot, hosts),
    text: (slot: Slot) => `${shareText(count(slot, group), count(slot, hosts))} (${count(slot, group)})`,
  }));
  return stacked('area', slots, pieces, ({ at }) => ({ x: at }));
}

/** The seconds of all points on one time axis, in order, put together where there are too many of them. */
function slotsOf(points: readonly PointSummary[], series: readonly SeriesSample[], step: number): Slot[] {
  const starts = startsOf(points, series);
  const placed = series
    // Tenths keep the last second of a point apart from the first of the next.
    .map((sample) => ({ sample, at: Math.round(((starts.get(sample.index) ?? Number.NaN) + sample.second) * 10) / 10 }))
    .filter(({ at }) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at || a.sample.index - b.sample.index);
  // Seconds of different points or phases are never put together.
  const slotOf = ({ index, phase, second }: SeriesSample) => `${index} ${phase} ${Math.floor(second / step)}`;
  const slots = [...Map.groupBy(placed, ({ sample }) => slotOf(sample)).values()].flatMap((each): Slot[] => {
    const [first] = each;
    if (first === undefined) return [];
    const { index, rate, phase } = first.sample;
    const samples = each.map(({ sample }) => sample);
    return [{ at: first.at, index, rate, phase, seconds: [...Map.groupBy(samples, ({ second }) => second).values()] }];
  });
  // No line is drawn from a point to the next.
  return slots.flatMap((slot, place) => {
    const before = slots[place - 1] ?? slot;
    return slot.index === before.index ? [slot] : [{ ...slot, seconds: [] }, slot];
  });
}

/**
 * The seconds of points that followed each other without a pause, on one time axis: what a point still got answered
 * while the next one was offered is counted in that one's seconds, where it was offered from the middle of them on.
 */
function sideBySide(points: readonly PointSummary[], series: readonly SeriesSample[]): SeriesSample[] {
  const starts = points
    .map(({ index, rate, startedAt }) => ({ index, rate, at: Date.parse(startedAt) / 1000 }))
    .filter(({ at }) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at);
  const phases = new Map(series.map((sample) => [keyOf(sample), sample.phase]));
  const moved = series.map((sample) => {
    const own = starts.find(({ index }) => index === sample.index);
    if (sample.phase !== 'drain' || own === undefined) return sample;
    const end = own.at + sample.second + 1;
    const { index, rate, at } = starts.findLast((start) => start.at < end) ?? own;
    if (index === own.index) return sample;
    const second = Math.max(0, Math.floor(end - 0.5 - at));
    return { ...sample, index, rate, second, phase: phases.get(keyOf({ index, second })) ?? sample.phase };
  });
  return moved.sort((a, b) => a.index - b.index || a.second - b.second);
}

/**
 * Where each window begins, in seconds since the first one. When points began is known from the wall clock, which may be
 * set back in mid-run: a point is never put over the one before it.
 *
 * @param series by point and second
 */
function startsOf(points: readonly PointSummary[], series: readonly SeriesSample[]): Map<number, number> {
  const seconds = Map.groupBy(series, ({ index }) => index);
  const starts = new Map<number, number>();
  let origin: number | undefined;
  let busyUntil = Number.NEGATIVE_INFINITY;
  for (const { index, startedAt } of points.toSorted((a, b) => a.index - b.index)) {
    const began = Date.parse(startedAt) / 1000;
    const [first, last] = [seconds.get(index)?.[0]?.second, seconds.get(index)?.at(-1)?.second];
    if (!Number.isFinite(began) || first === undefined || last === undefined) continue;
    origin ??= began;
    const byClock = began - origin;
    const start = byClock + first > busyUntil ? byClock : busyUntil + 1 - first;
    starts.set(index, start);
    busyUntil = start + last;
  }
  return starts;
}
