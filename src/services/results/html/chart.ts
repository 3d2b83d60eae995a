/** Colours that the style sheet knows. */
export const PALETTE = 9;

export interface Axis {
  readonly label: string;
  /** `time` is linear, in seconds, with ticks where a clock has them. */
  readonly scale: 'linear' | 'time' | 'log' | 'band';
  /** Text of a tick. */
  tick(value: number): string;
  /** Of a linear axis: where it begins and ends; by default 0 and the largest value. */
  readonly domain?: readonly [number, number];
}

export interface Datum {
  readonly x: number;
  /** NaN breaks a line. */
  readonly y: number;
  /** Lower edge of a stacked piece. */
  readonly base?: number;
  /** Ends of a confidence interval. */
  readonly low?: number;
  readonly high?: number;
  /** Of a point whose figures are not sound: its marker stays empty. */
  readonly hollow?: boolean;
  /** What the hover and the table say. */
  readonly text: string;
}

export interface Series {
  readonly name: string;
  readonly kind: 'line' | 'bar' | 'area';
  /** Index into the palette. */
  readonly color: number;
  readonly dashed?: boolean;
  readonly markers?: boolean;
  /** Of an area whose values hold from their place on, for so much of the x axis: drawn as steps. */
  readonly step?: number;
  /** Of a line or an area whose values hold until the next one. */
  readonly held?: boolean;
  /** Drawn in the chart's lower panel. */
  readonly lower?: boolean;
  readonly data: readonly Datum[];
}

/** A chart as data: what is drawn, said on hover and listed in its table comes from here. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** For those who do not see the drawing: what it shows and what stands out. */
  readonly summary: string;
  /** For the reader of the drawing, below it. */
  readonly note?: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Of a second panel below the first, over the same x axis. */
  readonly lower?: Axis;
  readonly series: readonly Series[];
  /** What a place on the x axis is called on hover and in the table. */
  columnName(x: number): string;
  /** Shaded stretches of the x axis. */
  readonly bands?: readonly { readonly from: number; readonly to: number; readonly label: string }[];
  /** Vertical lines: the knee, a decision. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  /** Words upright at a place of the x axis: `invalid`. */
  readonly flags?: readonly { readonly x: number; readonly label: string }[];
}

/** Tick of an axis of counts or rates. */
export function number(value: number): string {
  return value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : String(value);
}

/** Tick of an axis of times, from milliseconds. */
export function tickTime(ms: number): string {
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}

/** Tick of a time axis, from seconds: `2:05`. */
export function clockText(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const shown = parts.slice(whole < 3600 ? 1 : 0).map((part, place) => String(part).padStart(place === 0 ? 1 : 2, '0'));
  return `${seconds < 0 ? '-' : ''}${shown.join(':')}`;
}

/** What is told of a chart in words: on hover and in its table. */
export interface ChartData {
  readonly id: string;
  readonly series: readonly string[];
  /** All places on the x axis where there is anything to say, in order; a text per series, empty where it has none. */
  readonly columns: readonly { readonly x: number; readonly name: string; readonly cells: readonly string[] }[];
}

export function chartData({ id, series, columnName }: Chart): ChartData {
  const texts = series.map(
    ({ data }) => new Map(data.filter(({ y }) => Number.isFinite(y)).map(({ x, text }) => [x, text])),
  );
  const xs = [...new Set(texts.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b);
  const columns = xs.map((x) => ({ x, name: columnName(x), cells: texts.map((each) => each.get(x) ?? '') }));
  return { id, series: series.map(({ name }) => name), columns };
}

/** The charts that have something to show, each with the series that have. */
export function shown(charts: readonly (Chart | undefined)[]): Chart[] {
  return charts.flatMap((chart) => {
    const series = chart?.series.filter(({ data }) => data.some(({ y }) => Number.isFinite(y))) ?? [];
    return chart === undefined || series.length === 0 ? [] : [{ ...chart, series }];
  });
}

/** A piece of a stack over `Item`s. */
interface Piece<Item> {
  readonly name: string;
  readonly color: number;
  /** Its height; NaN where an item has no stack. */
  value(item: Item): number;
  text(item: Item): string;
}

/** Pieces on top of each other, in their order, where `place` puts each item. */
export function stacked<Item>(
  kind: 'bar' | 'area',
  items: readonly Item[],
  pieces: readonly Piece<Item>[],
  place: (item: Item, index: number) => Pick<Datum, 'x' | 'hollow'>,
): Series[] {
  const tops = items.map(() => 0);
  return pieces.map(({ name, color, value, text }) => {
    const data = items.map((item, index) => {
      const base = tops[index] ?? 0;
      const y = base + Math.max(0, value(item));
      tops[index] = y;
      return { ...place(item, index), y, base, text: text(item) };
    });
    return { name, kind, color, data };
  });
}
