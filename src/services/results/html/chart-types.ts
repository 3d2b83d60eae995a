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

/** All places on the x axis where there is anything to say, in order. */
export function columnsOf(chart: Chart): number[] {
  const xs = new Set(chart.series.flatMap(({ data }) => data.filter(({ y }) => Number.isFinite(y)).map(({ x }) => x)));
  return [...xs].sort((a, b) => a - b);
}

/** Per column and series what is there, or an empty text. */
export function cellsOf(chart: Chart, columns: readonly number[]): string[][] {
  const texts = chart.series.map(
    ({ data }) => new Map(data.filter(({ y }) => Number.isFinite(y)).map((d) => [d.x, d.text])),
  );
  return columns.map((x) => texts.map((series) => series.get(x) ?? ''));
}
