import { profileOf } from '../../load/profiles/profiles.ts';
import type { SeriesSample } from '../../load/record/read-run.ts';
import type { PointSummary } from '../../load/types.ts';
import type { ReportedRun } from '../recorded.ts';
import { hostTotals, rateText, shareText, timeText } from '../text.ts';
import type { Axis, Chart, Datum, Series } from './chart-types.ts';
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
  const first = slots[0];
  const last = slots.at(-1);
  if (first === undefined || last === undefined) return [];
  const span: Axis = {
    label: 'time of the sweep',
    scale: 'time',
    tick: clockText,
    domain: [first.at, last.at + step],
  };
  const bands = report.points.flatMap(({ index, rate }) => {
    const own = slots.filter((slot) => slot.index === index && slot.phase === 'measure');
    const [from, to] = [own[0]?.at, own.at(-1)?.at];
    return from === undefined || to === undefined ? [] : [{ from, to: to + step, label: String(rate) }];
  });
  const byTime = new Map(slots.map((slot) => [slot.at, slot]));
  const columnName = (x: number) => {
    const slot = byTime.get(x);
    return slot === undefined ? clockText(x) : `${clockText(x)}, ${slot.rate} rps, ${PHASE[slot.phase]}`;
  };
  const many =
    step > 1 ? ` Each value stands for ${step} seconds: the mean rate, the most in flight, the worst percentile.` : '';
  const common = { x: span, bands, columnName, step, note: SHADING + many };
  return [
    ...rateChart(slots, common),
    ...flightChart(slots, common),
    ...percentileChart(slots, common),
    ...hostChart(report.points, slots, common),
  ];
}

type Common = Pick<Chart, 'x' | 'columnName'> & {
  readonly note: string;
  readonly bands: NonNullable<Chart['bands']>;
  readonly step: number;
};

const PHASE: Readonly<Record<SeriesSample['phase'], string>> = { warmup: 'warm-up', measure: 'window', drain: 'drain' };

const SHADING = 'Shaded: the measured windows, with their offered rates above. Between them: drain and warm-up.';

function rateChart(slots: readonly Slot[], common: Common): Chart[] {
  const perSecond = (pick: (sample: SeriesSample) => number) =>
    lineOf(
      slots,
      ({ samples }) => mean(samples.map(pick)),
      (value) => `${rateText(value)}/s`,
    );
  return [
    {
      ...{ id: 'rates', title: 'Offered and achieved rate over time', ...common },
      summary: 'Requests offered, sent, answered and failed in each second of the sweep.',
      y: { label: 'per second', scale: 'linear', tick: number },
      series: [
        {
          name: 'offered',
          kind: 'line',
          color: 6,
          dashed: true,
          data: lineOf(
            slots,
            ({ rate, phase }) => (phase === 'measure' ? rate : Number.NaN),
            (value) => `${rateText(value)}/s`,
          ),
        },
        { name: 'sent', kind: 'line', color: 4, data: perSecond(({ sent }) => sent) },
        { name: 'ok', kind: 'line', color: 2, data: perSecond(({ ok }) => ok) },
        { name: 'failed', kind: 'line', color: 7, data: perSecond(({ failed }) => failed) },
      ],
    },
  ];
}

function flightChart(slots: readonly Slot[], common: Common): Chart[] {
  const data = lineOf(
    slots,
    ({ samples }) => Math.max(...samples.map(({ inFlight }) => inFlight)),
    (value) => value.toFixed(0),
  );
  const peak = Math.max(0, ...data.map(({ y }) => (Number.isFinite(y) ? y : 0)));
  return [
    {
      ...{ id: 'in-flight', title: 'Requests in flight over time', ...common },
      summary: `Open requests at the end of each second. The peak is ${peak}.`,
      y: { label: 'in flight', scale: 'linear', tick: number },
      series: [{ name: 'in flight', kind: 'line', color: 0, data }],
    },
  ];
}

function percentileChart(slots: readonly Slot[], common: Common): Chart[] {
  // A percentile of several seconds cannot be had from theirs: the worst second stands for them.
  const worst = (pick: (sample: SeriesSample) => number | undefined) =>
    lineOf(
      slots,
      ({ samples }) => {
        const known = samples.flatMap((sample) => pick(sample) ?? []);
        return known.length === 0 ? Number.NaN : Math.max(...known);
      },
      timeText,
    );
  const data = { p50: worst(({ p50 }) => p50), p99: worst(({ p99 }) => p99) };
  if (data.p50.every(({ y }) => !Number.isFinite(y))) return [];
  return [
    {
      ...{ id: 'response-over-time', title: 'Response time over time', ...common },
      summary: 'Median and 99th percentile of the response time of the successes that ended in each second.',
      y: { label: 'response time', scale: 'log', tick: tickTime },
      series: [
        { name: 'p50', kind: 'line', color: 0, data: data.p50 },
        { name: 'p99', kind: 'line', color: 3, data: data.p99 },
      ],
    },
  ];
}

function hostChart(points: readonly PointSummary[], slots: readonly Slot[], common: Common): Chart[] {
  const hosts = hostTotals(points).map(([host]) => host);
  if (hosts.length === 0) return [];
  const named = hosts.length > MAX_HOSTS ? hosts.slice(0, MAX_HOSTS - 1) : hosts;
  const groups = [...named.map((host) => [host]), ...(named.length < hosts.length ? [hosts.slice(named.length)] : [])];
  const count = ({ samples }: Slot, group: readonly string[]) =>
    samples.reduce((sum, sample) => sum + group.reduce((all, host) => all + (sample.hosts[host] ?? 0), 0), 0);
  const bases = slots.map(() => 0);
  const series = groups.map((group, color): Series => {
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
      step: common.step,
      data: withBreaks(slots, data),
    };
  });
  return [
    {
      ...{ id: 'hosts', title: 'Share of answers per host over time', ...common },
      summary: `Which of ${hosts.length} hosts the answers of each second came from, in shares.`,
      y: { label: 'share of answers', scale: 'linear', tick: (value) => `${value} %`, domain: [0, 100] },
      series,
    },
  ];
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

function lineOf(slots: readonly Slot[], value: (slot: Slot) => number, text: (value: number) => string): Datum[] {
  return withBreaks(
    slots,
    slots.map((slot) => ({ x: slot.at, y: value(slot), text: text(value(slot)) })),
  );
}

/** Nothing is known between two points, and no line is drawn there. */
function withBreaks(slots: readonly Slot[], data: readonly Datum[]): Datum[] {
  return data.flatMap((datum, place) => {
    const [slot, before] = [slots[place], slots[place - 1]];
    const apart = slot !== undefined && before !== undefined && slot.index !== before.index;
    return apart ? [{ x: datum.x, y: Number.NaN, text: '' }, datum] : [datum];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** `2:05` since the beginning of the first window. */
export function clockText(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const sign = seconds < 0 ? '-' : '';
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${sign}${hours}:${two(minutes)}:${two(whole % 60)}` : `${sign}${minutes}:${two(whole % 60)}`;
}
