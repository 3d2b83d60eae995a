import type { Axis, Chart, Datum, Series } from './chart-types.ts';
import { bandScale, clockStep, linearScale, logScale, type Scale } from './scale.ts';

/** A drawing for one width: text keeps its size, so a small screen gets its own drawing instead of a shrunk one. */
export interface Size {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
}

/** Between two panels: room for the lower one's label. */
const PANEL_GAP = 34;

/** Where a panel of a drawing is, and how its values become coordinates. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
  readonly y: Scale;
  /** Of one category, on a band axis. */
  readonly band: number;
}

/** The frame of a whole drawing; of two panels, both together. */
export function frameOf(chart: Chart, { width, height, name }: Size): Frame {
  const edges = {
    left: name === 'wide' ? 64 : 52,
    right: width - 14,
    top: chart.bands === undefined ? 22 : 38,
    bottom: height - 44,
  };
  const across = [edges.left, edges.right] as const;
  const up = [edges.bottom, edges.top] as const;
  const all = visible(chart.series);
  const xs = all.map(({ x }) => x);
  const categories = chart.x.scale === 'band' ? bandScale(xs.length === 0 ? 0 : largest(xs) + 1, across) : undefined;
  return {
    ...edges,
    x: categories ?? scaleOf(chart.x, xs, across, name === 'wide' ? 10 : 4),
    y: scaleOf(chart.y, heights(chart.series.filter(({ lower }) => lower !== true)), up, 5),
    band: categories?.width ?? 0,
  };
}

/** The panels of a drawing, the upper one first; they share the x axis. */
export function panelsOf(chart: Chart, whole: Frame): { readonly y: Axis; readonly frame: Frame }[] {
  const { lower } = chart;
  if (lower === undefined) return [{ y: chart.y, frame: whole }];
  const middle = (whole.top + whole.bottom) / 2;
  const panel = (y: Axis, top: number, bottom: number, series: readonly Series[]) => {
    const scale = scaleOf(y, heights(series), [bottom, top], 4);
    return { y, frame: { ...whole, top, bottom, y: scale } };
  };
  return [
    panel(
      chart.y,
      whole.top,
      middle - PANEL_GAP / 2,
      chart.series.filter((series) => series.lower !== true),
    ),
    panel(
      lower,
      middle + PANEL_GAP / 2,
      whole.bottom,
      chart.series.filter((series) => series.lower === true),
    ),
  ];
}

function visible(series: readonly Series[]): Datum[] {
  return series.flatMap(({ data }) => data.filter(({ y }) => Number.isFinite(y)));
}

function heights(series: readonly Series[]): number[] {
  return visible(series).flatMap(({ y, base, low, high }) =>
    [y, base, low, high].filter((value) => value !== undefined),
  );
}

function scaleOf(axis: Axis, values: readonly number[], range: readonly [number, number], ticks: number): Scale {
  if (axis.scale === 'log') {
    const positive = values.filter((value) => value > 0);
    return logScale(positive.length === 0 ? [1, 10] : [smallest(positive), largest(positive)], range);
  }
  const domain = axis.domain ?? ([0, Math.max(0, largest(values))] as const);
  const steps = axis.scale === 'time' ? clockStep : undefined;
  return linearScale(domain, range, ticks, axis.domain !== undefined, steps);
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}
