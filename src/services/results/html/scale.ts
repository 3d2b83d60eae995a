/** From data to a coordinate, and where the axis has its ticks. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

type Span = readonly [from: number, to: number];

/** Ticks at 1, 2 or 5 times a power of ten, about `wanted` of them; the axis ends at a tick unless it is `exact`. */
export function linearScale(domain: Span, range: Span, wanted: number, exact = false, nice = niceStep): Scale {
  const [low, top] = domain;
  const high = top > low ? top : low + 1;
  const step = nice((high - low) / Math.max(1, wanted));
  const end = exact ? high : Math.ceil(high / step - 1e-9) * step;
  const start = exact ? low : Math.floor(low / step + 1e-9) * step;
  const ticks: number[] = [];
  for (let index = Math.ceil(start / step - 1e-9); index * step <= end + step * 1e-9; index += 1) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return { at: projection([start, end], range, (value) => value), ticks };
}

/** Ticks at powers of ten, with 2 and 5 where few powers would be in sight. Values must be above 0. */
export function logScale(domain: Span, range: Span): Scale {
  const low = niceBelow(domain[0]);
  const high = Math.max(niceAbove(domain[1]), low * 2);
  const decades = Math.log10(high / low);
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low) + 1e-9); power <= Math.log10(high) + 1e-9; power += 1) {
    for (const factor of decades > 3.5 ? [1] : [1, 2, 5]) {
      const tick = Number((factor * 10 ** power).toPrecision(12));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return { at: projection([low, high], range, Math.log10), ticks };
}

/** One place per category, its middle. */
export function bandScale(count: number, range: Span): Scale & { readonly width: number } {
  const width = (range[1] - range[0]) / Math.max(1, count);
  return { at: (index) => range[0] + (index + 0.5) * width, ticks: Array.from({ length: count }, (_, i) => i), width };
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
  const factor = raw / power;
  return (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10) * power;
}

function niceAbove(value: number): number {
  return niceStep(value * (1 - 1e-9));
}

function niceBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value * (1 + 1e-9)));
  const factor = (value * (1 + 1e-9)) / power;
  return (factor >= 5 ? 5 : factor >= 2 ? 2 : 1) * power;
}
