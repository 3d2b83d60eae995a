import { curveOf, demandOf, LONGEST_GAP, type ScalingFigures } from '../../scaling/elasticity.ts';
import { demandAt } from '../../scaling/elasticity-metrics.ts';
import { countStates } from '../../scaling/instance-state.ts';
import { type AnswerSlice, type LoadCurve, offeredAt, type RecordedLoad } from '../../scaling/load-curve.ts';
import { type Poll, type Polls, pollsOf } from '../../scaling/polls.ts';
import type { Stage } from '../../stack/group.ts';
import type { RecordedScaling } from '../recorded.ts';
import { display, rateText } from '../text.ts';
import type { Chart, Datum, Series } from './chart-types.ts';
import { number } from './point-axis.ts';
import { type Column, scalingColumns } from './scaling-columns.ts';
import { clockText } from './time-charts.ts';

/** Errors beyond so many are in the list only. */
const MAX_FLAGS = 5;

/**
 * The size of a watched group over time, over what was offered and answered.
 *
 * @param run the load beside it; without one, what the watch saw of a load is drawn
 */
export function scalingCharts({ timeline, figures }: RecordedScaling, run?: RecordedLoad): Chart[] {
  const { all, healthKnown } = pollsOf(timeline);
  const load = curveOf(timeline, run === undefined ? {} : { load: run });
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return [];
  const origin = Date.parse(figures.origin);
  const seconds = (at: number) => Math.round((at - origin) / 100) / 10;
  const columns = scalingColumns({ all }, load, LONGEST_GAP * figures.intervalSeconds * 1000);
  const line = (of: (column: Column) => number | undefined, text: (value: number) => string): Datum[] =>
    columns.map((column) => {
      const value = of(column) ?? Number.NaN;
      return { x: seconds(column.at), y: value, text: Number.isFinite(value) ? text(value) : '' };
    });
  const count = (value: number) => value.toFixed(0);
  const states = (look: Poll | undefined) => look?.instances && countStates(look.sample.group, healthKnown);
  const demand = load && figures.capacity && demandOf(load, figures.capacity, figures.floor);
  const sizes: readonly (Omit<Series, 'held'> | undefined)[] = [
    { name: 'serving', kind: 'area', color: 2, data: line(({ look }) => look?.serving, count) },
    { name: 'running', kind: 'line', color: 0, data: line(({ look }) => states(look)?.running, count) },
    { name: 'target', kind: 'line', color: 6, dashed: true, data: line(({ look }) => look?.targetSize, count) },
    demand && {
      ...{ name: 'demand', kind: 'line', color: 7, dashed: true },
      data: line(({ at }) => (at < (demand[0]?.at ?? 0) ? undefined : demandAt(demand, at)), count),
    },
    load && {
      ...{ name: 'offered', kind: 'line', color: 6, dashed: true, lower: true },
      data: line(
        ({ at }) => offeredAt(load, at),
        (value) => `${rateText(value)}/s`,
      ),
    },
    load && {
      name: 'ok',
      kind: 'line',
      color: 2,
      lower: true,
      data: line((column) => rate(load, column, ({ ok }) => ok), perSecond),
    },
    load && {
      ...{ name: 'failed', kind: 'line', color: 7, lower: true },
      data: line((column) => rate(load, column, ({ failed }) => failed), perSecond),
    },
  ];
  const shared: Pick<Chart, 'x' | 'columnName'> = {
    x: {
      label: `time since the ${figures.originIs === 'load' ? 'load began' : 'first poll'}`,
      ...{ scale: 'time', tick: clockText, domain: [seconds(columns[0]?.at ?? first.at), seconds(last.at)] },
    },
    columnName: (x) => clockText(x),
  };
  return [
    {
      id: 'group-size',
      title: `Size of ${display(figures.group)}${load === undefined ? '' : ' over offered and achieved rate'}`,
      summary: summaryOf(figures, load !== undefined),
      note: noteOf(figures),
      ...shared,
      y: {
        ...{ label: 'instances', scale: 'linear', tick: (value) => (Number.isInteger(value) ? number(value) : '') },
        // The highest line is not the edge.
        domain: [0, Math.max(1, ...sizes.flatMap((each) => (each?.lower ? [] : heights(each)))) * 1.15],
      },
      ...(load === undefined ? {} : { lower: { label: 'per second', scale: 'linear', tick: number } }),
      series: sizes.flatMap((each) => {
        if (each === undefined || each.data.every(({ y }) => !Number.isFinite(y))) return [];
        return [{ ...each, held: true }];
      }),
      marks: [...figures.scaleOuts, ...figures.scaleIns]
        .map(({ from, to, decided }) => ({ x: seconds(origin + decided[1] * 1000), label: `${from} to ${to}` }))
        .sort((a, b) => a.x - b.x),
      flags: figures.errors
        .filter(({ at = 0 }) => at >= first.at && at <= last.at)
        .slice(0, MAX_FLAGS)
        .map(({ at = 0, code }) => ({ x: seconds(at), label: display(code) })),
    },
    ...instanceChart({ all }, columns, seconds, shared),
  ];
}

function heights(series: Pick<Series, 'data'> | undefined): number[] {
  return (series?.data ?? []).flatMap(({ y }) => (Number.isFinite(y) ? [y] : []));
}

/** Mean per second from a column until the next one. */
function rate(
  { slices }: LoadCurve,
  { at, until }: Column,
  of: (slice: AnswerSlice) => number | undefined,
): number | undefined {
  if (until === undefined) return undefined;
  let [sum, ms] = [0, 0];
  for (const slice of slices) {
    const within = Math.min(until, slice.to) - Math.max(at, slice.from);
    const value = of(slice);
    if (within <= 0 || value === undefined) continue;
    sum += (value * within) / (slice.to - slice.from);
    ms += within;
  }
  return ms === 0 ? undefined : (1000 * sum) / ms;
}

function perSecond(value: number): string {
  return `${rateText(value)}/s`;
}

function summaryOf({ group, scaleOuts, scaleIns, seconds }: ScalingFigures, loaded: boolean): string {
  const changes = [...scaleOuts, ...scaleIns]
    .sort((a, b) => a.decided[1] - b.decided[1])
    .map(({ from, to, decided }) => `${from} to ${to} after ${decided[1].toFixed(0)} s`);
  const told = changes.length === 0 ? 'its size did not change' : `its size went ${changes.join(', ')}`;
  const rates = loaded ? ' Below: requests offered, answered and failed, per second.' : '';
  return `How many instances ${display(group)} was to have, had running, and had serving, over ${seconds.toFixed(0)} s; ${told}.${rates}`;
}

function noteOf({ intervalSeconds, capacity }: ScalingFigures): string {
  const demand =
    capacity === undefined
      ? ''
      : ` Demand: the fewest instances for what is offered, at ${Number(capacity.perInstance.toPrecision(3))} rps each.`;
  return `Seen every ${intervalSeconds.toFixed(1)} s, and drawn as it was seen: a change came up to that much earlier. Vertical lines: first poll that showed another wanted size.${demand}`;
}

/** More rows than that cannot be told apart. */
const MAX_ROWS = 16;

/** How high an instance's row is filled at each stage. */
const HEIGHT: Readonly<Record<Stage, number>> = {
  creating: 0.2,
  running: 0.45,
  healthy: 0.65,
  serving: 0.85,
  leaving: 0.1,
};

/** The life of every instance, one row each: the higher it is filled, the further the instance has come. */
function instanceChart(
  { all }: Pick<Polls, 'all'>,
  columns: readonly Column[],
  seconds: (at: number) => number,
  shared: Pick<Chart, 'x' | 'columnName'>,
): Chart[] {
  const names = [...new Set(all.flatMap(({ instances }) => [...(instances?.keys() ?? [])]))];
  const shown = names.slice(0, MAX_ROWS);
  if (shown.length === 0) return [];
  const series = shown.map((name, row): Series => {
    // The first instance stands in the uppermost row, as in the legend.
    const base = shown.length - 1 - row;
    const data = columns.map(({ at, look }) => {
      const instance = look?.instances?.get(name);
      const stage = instance?.stage;
      if (stage === undefined) return { x: seconds(at), y: Number.NaN, text: '' };
      return { x: seconds(at), y: base + HEIGHT[stage], base, text: stage };
    });
    return { name: display(name), kind: 'area', color: row, held: true, data };
  });
  const more = names.length > shown.length ? ` ${names.length - shown.length} more are not drawn.` : '';
  return [
    {
      id: 'group-instances',
      title: 'Life of every instance',
      summary: `One row for each of ${shown.length} instances, in the order in which they were first seen, filled higher the further it had come.${more}`,
      note: `In rows, from above as in the legend: low while an instance is created, higher when it runs, is healthy, and highest when it serves; a thin line while it leaves.${more}`,
      y: { label: 'instances', scale: 'linear', tick: () => '', domain: [0, shown.length] },
      series,
      ...shared,
    },
  ];
}
