import { curveOf, demandOf, LONGEST_GAP, type ScalingFigures } from '../../scaling/elasticity.ts';
import { demandAt } from '../../scaling/elasticity-metrics.ts';
import { countStates } from '../../scaling/instance-state.ts';
import { type AnswerSlice, type LoadCurve, offeredAt, type RecordedLoad } from '../../scaling/load-curve.ts';
import { type Poll, pollsOf } from '../../scaling/polls.ts';
import type { Stage } from '../../stack/group.ts';
import type { RecordedScaling } from '../recorded.ts';
import { decisionsOf } from '../size-changes.ts';
import { display, perSecond } from '../text.ts';
import { type Chart, clockText, number, type Series, shown } from './chart.ts';

/** Errors beyond so many are in the list only. */
const MAX_FLAGS = 5;

/** More rows than that cannot be told apart. */
const MAX_ROWS = 16;

/** Finer than that nobody sees it. */
const MAX_COLUMNS = 600;

/** How high an instance's row is filled at each stage. */
const HEIGHT: Readonly<Record<Stage, number>> = {
  creating: 0.2,
  running: 0.45,
  healthy: 0.65,
  serving: 0.85,
  leaving: 0.1,
};

/** A place on the time axis, and what is known from there until the next one. */
interface Column {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly until?: number;
  readonly look?: Poll;
}

/** A group's size over time, over the load: `run`, or else what the watch saw of one; and the life of its instances. */
export function scalingCharts({ timeline, figures }: RecordedScaling, run?: RecordedLoad): Chart[] {
  const { all, healthKnown } = pollsOf(timeline);
  const load = curveOf(timeline, run === undefined ? {} : { load: run });
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return [];
  const origin = Date.parse(figures.origin);
  const seconds = (at: number) => Math.round((at - origin) / 100) / 10;
  const columns = scalingColumns(all, load, LONGEST_GAP * figures.intervalSeconds * 1000);
  const line = (
    name: string,
    color: number,
    of: (column: Column) => number | undefined,
    look: Partial<Series> = {},
  ): Series => {
    const text = look.lower ? perSecond : String;
    const data = columns.map((column) => {
      const value = of(column) ?? Number.NaN;
      return { x: seconds(column.at), y: value, text: text(value) };
    });
    return { name, kind: 'line', color, data, held: true, ...look };
  };
  const running = (look: Poll | undefined) => look?.instances && countStates(look.sample.group, healthKnown).running;
  const demand = load && figures.capacity && demandOf(load, figures.capacity, figures.floor);
  const demandFrom = demand?.[0]?.at ?? 0;
  const sizes = [
    line('serving', 2, ({ look }) => look?.serving, { kind: 'area' }),
    line('running', 0, ({ look }) => running(look)),
    line('target', 6, ({ look }) => look?.targetSize, { dashed: true }),
    line('demand', 7, ({ at }) => demand && (at < demandFrom ? undefined : demandAt(demand, at)), { dashed: true }),
  ];
  const rates = load && [
    line('offered', 6, ({ at }) => offeredAt(load, at), { lower: true, dashed: true }),
    line('ok', 2, (column) => meanOf(load, column, ({ ok }) => ok), { lower: true }),
    line('failed', 7, (column) => meanOf(load, column, ({ failed }) => failed), { lower: true }),
  ];
  const largest = sizes.flatMap(({ data }) => data).reduce((most, { y }) => Math.max(most, y || 0), 1);
  const shared: Pick<Chart, 'x' | 'columnName'> = {
    x: {
      label: `time since the ${figures.originIs === 'load' ? 'load began' : 'first poll'}`,
      scale: 'time',
      tick: clockText,
      domain: [seconds(columns[0]?.at ?? first.at), seconds(last.at)],
    },
    columnName: clockText,
  };
  return shown([
    {
      ...shared,
      id: 'group-size',
      title: `Size of ${display(figures.group)}${load === undefined ? '' : ' over offered and achieved rate'}`,
      summary: summaryOf(figures, load !== undefined),
      note: noteOf(figures),
      y: {
        label: 'instances',
        scale: 'linear',
        tick: (value) => (Number.isInteger(value) ? number(value) : ''),
        // The highest line is not the edge.
        domain: [0, largest * 1.15],
      },
      ...(rates === undefined ? {} : { lower: { label: 'per second', scale: 'linear', tick: number } }),
      series: [...sizes, ...(rates ?? [])],
      marks: decisionsOf(figures).map(({ from, to, decided }) => ({
        x: seconds(origin + decided[1] * 1000),
        label: `${from} to ${to}`,
      })),
      flags: figures.errors
        .filter(({ at = 0 }) => at >= first.at && at <= last.at)
        .slice(0, MAX_FLAGS)
        .map(({ at = 0, code }) => ({ x: seconds(at), label: display(code) })),
    },
    { ...shared, ...instanceChart(all, columns, seconds) },
  ]);
}

/** Every look and every change of the load; where there are too many looks, only those that show something new. */
function scalingColumns(looks: readonly Poll[], load: LoadCurve | undefined, longest: number): Column[] {
  const [first, last] = [looks[0], looks.at(-1)];
  const every = Math.ceil(looks.length / MAX_COLUMNS);
  const shown = looks.filter((look, place) => place % every === 0 || look === last || differs(look, looks[place - 1]));
  const holes = looks.flatMap(({ at }, place) => {
    const before = looks[place - 1];
    return before !== undefined && at - before.at > longest ? [before.at + longest] : [];
  });
  const changes = (load?.changes ?? []).map(({ at }) => at).filter((at) => at < (last?.at ?? 0));
  const begin = Math.min(first?.at ?? 0, ...changes);
  const times = [...new Set([begin, ...shown.map(({ at }) => at), ...holes, ...changes])].sort((a, b) => a - b);
  return times.map((at, place): Column => {
    const look = looks.findLast((each) => each.at <= at);
    const until = times[place + 1];
    return {
      at,
      ...(until === undefined ? {} : { until }),
      // What was seen long ago says nothing.
      ...(look === undefined || at - look.at >= longest ? {} : { look }),
    };
  });
}

function differs(look: Poll, before: Poll | undefined): boolean {
  const stages = (each: Poll | undefined) =>
    [...(each?.instances?.values() ?? [])].map((instance) => `${instance.name} ${instance.stage}`).join();
  return look.targetSize !== before?.targetSize || look.serving !== before?.serving || stages(look) !== stages(before);
}

/** Mean per second from a column until the next one. */
function meanOf(
  { slices }: LoadCurve,
  { at, until = at }: Column,
  of: (slice: AnswerSlice) => number | undefined,
): number | undefined {
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

function summaryOf(figures: ScalingFigures, loaded: boolean): string {
  const changes = decisionsOf(figures).map(
    ({ from, to, decided }) => `${from} to ${to} after ${decided[1].toFixed(0)} s`,
  );
  const history = changes.length === 0 ? 'its size did not change' : `its size went ${changes.join(', ')}`;
  const rates = loaded ? ' Below: requests offered, answered and failed, per second.' : '';
  return `How many instances ${display(figures.group)} was to have, had running, and had serving, over ${figures.seconds.toFixed(0)} s; ${history}.${rates}`;
}

function noteOf({ intervalSeconds, capacity }: ScalingFigures): string {
  const demand =
    capacity === undefined
      ? ''
      : ` Demand: the fewest instances for what is offered, at ${Number(capacity.perInstance.toPrecision(3))} rps each.`;
  return `Seen every ${intervalSeconds.toFixed(1)} s, and drawn as it was seen: a change came up to that much earlier. Vertical lines: first poll that showed another wanted size.${demand}`;
}

/** The life of every instance, one row each: the higher it is filled, the further the instance has come. */
function instanceChart(
  all: readonly Poll[],
  columns: readonly Column[],
  seconds: (at: number) => number,
): Omit<Chart, 'x' | 'columnName'> {
  const names = [...new Set(all.flatMap(({ instances }) => [...(instances?.keys() ?? [])]))];
  const rows = names.slice(0, MAX_ROWS);
  const series = rows.map((name, row): Series => {
    // The first instance stands in the uppermost row, as in the legend.
    const base = rows.length - 1 - row;
    const data = columns.map(({ at, look }) => {
      const stage = look?.instances?.get(name)?.stage;
      return { x: seconds(at), y: stage === undefined ? Number.NaN : base + HEIGHT[stage], base, text: stage ?? '' };
    });
    return { name: display(name), kind: 'area', color: row, held: true, data };
  });
  const more = names.length > rows.length ? ` ${names.length - rows.length} more are not drawn.` : '';
  return {
    id: 'group-instances',
    title: 'Life of every instance',
    summary: `One row for each of ${rows.length} instances, in the order in which they were first seen, filled higher the further it had come.${more}`,
    note: `In rows, from above as in the legend: low while an instance is created, higher when it runs, is healthy, and highest when it serves; a thin line while it leaves.${more}`,
    y: { label: 'instances', scale: 'linear', tick: () => '', domain: [0, rows.length] },
    series,
  };
}
