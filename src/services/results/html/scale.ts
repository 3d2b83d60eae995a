/** From data to a coordinate, and where the axis has its ticks. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

type Span = readonly [from: number, to: number];

/** Ticks at 1, 2 or 5 times a power of ten, about `wanted` of them; the axis ends at a tick unless it is `exact`. */
export function linearScale([low, top]: Span, range: Span, wanted: number, exact = false, nice = niceStep): Scale {
  const high = top > low ? top : low + 1;
  const step = nice((high - low) / wanted);
  const [start, end] = exact ? [low, high] : [floor(low / step) * step, ceil(high / step) * step];
  const first = ceil(start / step);
  const ticks = Array.from({ length: floor(end / step) - first + 1 }, (_, index) => rounded((first + index) * step));
  return { at: projection([start, end], range, (value) => value), ticks };
}

/** Ticks at powers of ten, with 2 and 5 where few powers would be in sight. Values must be above 0. */
export function logScale([least, most]: Span, range: Span): Scale {
  // One over the step above is the step below.
  const low = rounded(1 / niceStep(1 / (least * (1 + 1e-9))));
  const high = Math.max(niceStep(most * (1 - 1e-9)), low * 2);
  const [from, to] = [floor(Math.log10(low)), floor(Math.log10(high))];
  const factors = Math.log10(high / low) > 3.5 ? [1] : [1, 2, 5];
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index))
    .flatMap((power) => factors.map((factor) => rounded(factor * power)))
    .filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  return { at: projection([low, high], range, Math.log10), ticks };
}

/** One place per category, its middle. */
export function bandScale(count: number, [from, to]: Span): Scale & { readonly width: number } {
  const width = (to - from) / Math.max(1, count);
  return { at: (index) => from + (index + 0.5) * width, ticks: Array.from({ length: count }, (_, i) => i), width };
}

function projection(domain: Span, range: Span, warp: (value: number) => number): (value: number) => number {
  const [from, to] = [warp(domain[0]), warp(domain[1])];
  return (value) => range[0] + ((warp(value) - from) / (to - from)) * (range[1] - range[0]);
}

const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200];

/** Steps between ticks as a clock face would have them; days beyond. */
export function clockStep(raw: number): number {
  return CLOCK_STEPS.find((step) => step >= raw) ?? Math.ceil(raw / 86_400) * 86_400;
}

function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5].find((factor) => raw / power <= factor) ?? 10) * power;
}

// What is a whole number but for the rounding of binary fractions is taken for it.
const floor = (value: number) => Math.floor(value + 1e-9);
const ceil = (value: number) => Math.ceil(value - 1e-9);
const rounded = (value: number) => Number(value.toPrecision(12));
