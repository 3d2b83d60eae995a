import type { Axis, Chart, Datum, Series } from './chart.ts';
import { bandScale, clockStep, linearScale, logScale, type Scale } from './scale.ts';

/** A drawing for one width: text keeps its size, so a small screen gets its own drawing instead of a shrunk one. */
export interface Size {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
}

/** Between two panels: room for the lower one's label. */
const PANEL_GAP = 34;

/** A part of a drawing with a y axis of its own. */
export interface Panel {
  readonly axis: Axis;
  readonly top: number;
  readonly bottom: number;
  readonly y: Scale;
}

/** Where a drawing has what, and how values become coordinates. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
  /** Of one category, on a band axis. */
  readonly band: number;
  /** Over the same x axis, the upper one first. */
  readonly panels: readonly [Panel, ...Panel[]];
}

export function frameOf({ x, y, lower, bands, series }: Chart, { width, height, name }: Size): Frame {
  const [left, right] = [name === 'wide' ? 64 : 52, width - 14];
  const [top, bottom] = [bands === undefined ? 22 : 38, height - 44];
  const xs = finite(series).map((datum) => datum.x);
  const categories = x.scale === 'band' ? bandScale(extent(xs, -1)[1] + 1, [left, right]) : undefined;
  const panel = (axis: Axis, from: number, to: number, isLower = false): Panel => {
    const own = heights(series.filter((each) => (each.lower ?? false) === isLower));
    const y = scaleOf(axis, own, [to, from], lower === undefined ? 5 : 4);
    return { axis, top: from, bottom: to, y };
  };
  const middle = (top + bottom) / 2;
  return {
    left,
    right,
    top,
    bottom,
    x: categories ?? scaleOf(x, xs, [left, right], name === 'wide' ? 10 : 4),
    band: categories?.width ?? 0,
    panels:
      lower === undefined
        ? [panel(y, top, bottom)]
        : [panel(y, top, middle - PANEL_GAP / 2), panel(lower, middle + PANEL_GAP / 2, bottom, true)],
  };
}

function finite(series: readonly Series[]): Datum[] {
  return series.flatMap(({ data }) => data.filter(({ y }) => Number.isFinite(y)));
}

function heights(series: readonly Series[]): number[] {
  return finite(series).flatMap(({ y, base = y, low = y, high = y }) => [y, base, low, high]);
}

function scaleOf(axis: Axis, values: readonly number[], range: readonly [number, number], ticks: number): Scale {
  if (axis.scale === 'log') {
    const positive = values.filter((value) => value > 0);
    return logScale(positive.length === 0 ? [1, 10] : extent(positive), range);
  }
  const domain = axis.domain ?? ([0, extent(values, 0)[1]] as const);
  return linearScale(domain, range, ticks, axis.domain !== undefined, axis.scale === 'time' ? clockStep : undefined);
}

/** Not by spreading: a watch of days has more values than a call takes. */
function extent(values: readonly number[], first = values[0] ?? 0): [least: number, most: number] {
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [first, first]);
}
