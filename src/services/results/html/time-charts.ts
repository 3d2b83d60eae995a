import { profileOf } from '../../load/profiles/profiles.ts';
import type { SeriesSample } from '../../load/record/read-run.ts';
import type { PointSummary } from '../../load/types.ts';
import type { ReportedRun } from '../recorded.ts';
import { hostTotals, rateText, shareText, timeText } from '../text.ts';
import type { Chart, Datum, Series } from './chart-types.ts';
import { number, tickTime } from './point-axis.ts';
import { sideBySide } from './side-by-side.ts';

/** Finer than that nobody sees it, and the page stays small for a sweep of hours. */
const MAX_COLUMNS = 600;

/** Hosts beyond so many are drawn as one. */
const MAX_HOSTS = 7;

interface Slot {
  /** Seconds since the first second of the first point. */
  readonly at: number;
  readonly rate: number;
  readonly index: number;
  readonly phase: SeriesSample['phase'];
  /** One or, in a long sweep, several seconds. */
  readonly samples: readonly SeriesSample[];
}

/** Everything over the time of the sweep: rates, requests in flight, response time, hosts. */
export function timeCharts({ report, series: recorded }: ReportedRun): Chart[] {
  const series = profileOf(report.plan).overlap ? sideBySide(report.points, recorded) : recorded;
  // Seconds to a column.
  const step = Math.max(1, Math.ceil(series.length / MAX_COLUMNS));
  const slots = slotsOf(report.points, series, step);
  const [first, last] = [slots[0], slots.at(-1)];
  if (first === undefined || last === undefined) return [];
  const bands = report.points.flatMap(({ index, rate }) => {
    const own = slots.filter((slot) => slot.index === index && slot.phase === 'measure');
    const [from, to] = [own[0]?.at, own.at(-1)?.at];
    return from === undefined || to === undefined ? [] : [{ from, to: to + step, label: String(rate) }];
  });
  const byTime = new Map(slots.map((slot) => [slot.at, slot]));
  const many =
    step > 1 ? ` Each value stands for ${step} seconds: the mean rate, the most in flight, the worst percentile.` : '';
  const chart = (own: Pick<Chart, 'id' | 'title' | 'summary' | 'y' | 'series'>): Chart => ({
    ...own,
    ...{ bands, note: SHADING + many },
    x: { label: 'time of the sweep', scale: 'time', tick: clockText, domain: [first.at, last.at + step] },
    columnName(x) {
      const slot = byTime.get(x);
      return slot === undefined ? clockText(x) : `${clockText(x)}, ${slot.rate} rps, ${PHASE[slot.phase]}`;
    },
  });
  // Of several seconds: rates are means, and the worst percentile stands, since theirs cannot be had.
  const line = (
    name: string,
    color: number,
    value: (slot: Slot) => number,
    text: (value: number) => string,
  ): Series => {
    const data = slots.map((slot) => ({ x: slot.at, y: value(slot), text: text(value(slot)) }));
    return { name, kind: 'line', color, data: withBreaks(slots, data) };
  };
  const perSecond = (name: string, color: number, pick: (sample: SeriesSample) => number) =>
    line(name, color, ({ samples }) => samples.reduce((sum, each) => sum + pick(each), 0) / samples.length, rate);
  const rate = (value: number) => `${rateText(value)}/s`;
  const worst = (name: string, color: number, pick: (sample: SeriesSample) => number | undefined) =>
    line(name, color, ({ samples }) => largest(samples.flatMap((sample) => pick(sample) ?? [])), timeText);
  const inFlight = line('in flight', 0, ({ samples }) => largest(samples.map((each) => each.inFlight)), String);
  const offered = line('offered', 6, (slot) => (slot.phase === 'measure' ? slot.rate : Number.NaN), rate);
  const percentiles = [worst('p50', 0, ({ p50 }) => p50), worst('p99', 3, ({ p99 }) => p99)];
  const hosts = hostTotals(report.points).map(([host]) => host);
  return [
    chart({
      id: 'rates',
      title: 'Offered and achieved rate over time',
      summary: 'Requests offered, sent, answered and failed in each second of the sweep.',
      y: { label: 'per second', scale: 'linear', tick: number },
      series: [
        { ...offered, dashed: true },
        perSecond('sent', 4, ({ sent }) => sent),
        perSecond('ok', 2, ({ ok }) => ok),
        perSecond('failed', 7, ({ failed }) => failed),
      ],
    }),
    chart({
      id: 'in-flight',
      title: 'Requests in flight over time',
      summary: `Open requests at the end of each second. The peak is ${Math.max(0, ...known(inFlight))}.`,
      y: { label: 'in flight', scale: 'linear', tick: number },
      series: [inFlight],
    }),
    ...(percentiles.every((each) => known(each).length === 0)
      ? []
      : [
          chart({
            id: 'response-over-time',
            title: 'Response time over time',
            summary: 'Median and 99th percentile of the response time of the successes that ended in each second.',
            y: { label: 'response time', scale: 'log', tick: tickTime },
            series: percentiles,
          }),
        ]),
    ...(hosts.length === 0
      ? []
      : [
          chart({
            id: 'hosts',
            title: 'Share of answers per host over time',
            summary: `Which of ${hosts.length} hosts the answers of each second came from, in shares.`,
            y: { label: 'share of answers', scale: 'linear', tick: (value) => `${value} %`, domain: [0, 100] },
            series: hostSeries(hosts, slots, step),
          }),
        ]),
  ];
}

const PHASE: Readonly<Record<SeriesSample['phase'], string>> = { warmup: 'warm-up', measure: 'window', drain: 'drain' };

const SHADING = 'Shaded: the measured windows, with their offered rates above. Between them: drain and warm-up.';

/** NaN where there is none. */
function largest(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : Math.max(...values);
}

function known({ data }: Series): number[] {
  return data.flatMap(({ y }) => (Number.isFinite(y) ? [y] : []));
}

/** Shares of the answers of each second, in stacks; beyond some hosts, the others are one. */
function hostSeries(hosts: readonly string[], slots: readonly Slot[], step: number): Series[] {
  const named = hosts.length > MAX_HOSTS ? hosts.slice(0, MAX_HOSTS - 1) : hosts;
  const groups = [...named.map((host) => [host]), ...(named.length < hosts.length ? [hosts.slice(named.length)] : [])];
  const count = ({ samples }: Slot, group: readonly string[]) =>
    samples.reduce((sum, sample) => sum + group.reduce((all, host) => all + (sample.hosts[host] ?? 0), 0), 0);
  const bases = slots.map(() => 0);
  return groups.map((group, color): Series => {
    const data = slots.map((slot, place): Datum => {
      const all = count(slot, hosts);
      const own = count(slot, group);
      const base = bases[place] ?? 0;
      // A second without answers has no shares.
      if (all === 0) return { x: slot.at, y: Number.NaN, text: '' };
      bases[place] = base + (100 * own) / all;
      return { x: slot.at, base, y: base + (100 * own) / all, text: `${shareText(own, all)} (${own})` };
    });
    return {
      name: group.length > 1 ? `${group.length} others` : (group[0] ?? ''),
      kind: 'area',
      color,
      step,
      data: withBreaks(slots, data),
    };
  });
}

/** The seconds of all points on one time axis, in order, put together where there are too many of them. */
function slotsOf(points: readonly PointSummary[], series: readonly SeriesSample[], step: number): Slot[] {
  const start = startsOf(points, series);
  const placed = series
    .map((sample) => ({ sample, at: tenths((start.get(sample.index) ?? Number.NaN) + sample.second) }))
    .filter(({ at }) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at || a.sample.index - b.sample.index);
  const slots = new Map<string, { at: number; samples: SeriesSample[] }>();
  for (const { at, sample } of placed) {
    // Seconds of different points or phases are never put together.
    const key = `${sample.index} ${sample.phase} ${Math.floor(sample.second / step)}`;
    const slot = slots.get(key);
    if (slot === undefined) slots.set(key, { at, samples: [sample] });
    else slot.samples.push(sample);
  }
  return [...slots.values()].flatMap(({ at, samples }) => {
    const [first] = samples;
    return first === undefined ? [] : [{ at, samples, rate: first.rate, index: first.index, phase: first.phase }];
  });
}

/**
 * Where each window begins, in seconds since the first one. When points began is known from the wall clock, which may be
 * set back in mid-run: a point is never put over the one before it.
 */
function startsOf(points: readonly PointSummary[], series: readonly SeriesSample[]): Map<number, number> {
  const starts = new Map<number, number>();
  let origin: number | undefined;
  let busyUntil = Number.NEGATIVE_INFINITY;
  for (const { index, startedAt } of points.toSorted((a, b) => a.index - b.index)) {
    const began = Date.parse(startedAt) / 1000;
    const seconds = series.flatMap((sample) => (sample.index === index ? [sample.second] : []));
    if (!Number.isFinite(began) || seconds.length === 0) continue;
    origin ??= began;
    const first = seconds.reduce((least, second) => Math.min(least, second));
    const told = began - origin;
    const start = told + first > busyUntil ? told : busyUntil + 1 - first;
    starts.set(index, start);
    busyUntil = start + seconds.reduce((most, second) => Math.max(most, second));
  }
  return starts;
}

/** Fine enough to keep the last second of a point apart from the first of the next. */
function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

/** Nothing is known between two points, and no line is drawn there. */
function withBreaks(slots: readonly Slot[], data: readonly Datum[]): Datum[] {
  return data.flatMap((datum, place) => {
    const [slot, before] = [slots[place], slots[place - 1]];
    const apart = slot !== undefined && before !== undefined && slot.index !== before.index;
    return apart ? [{ x: datum.x, y: Number.NaN, text: '' }, datum] : [datum];
  });
}

/** `2:05` since the beginning of the first window. */
export function clockText(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const sign = seconds < 0 ? '-' : '';
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${sign}${hours}:${two(minutes)}:${two(whole % 60)}` : `${sign}${minutes}:${two(whole % 60)}`;
}
