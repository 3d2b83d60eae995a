import { setTimeout as sleep } from 'node:timers/promises';

/** How exactly moments in the lab are known, milliseconds. */
const LOOK_MS = 50;

/** A span of time, ms since 1970. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** When it was so for the first time, ms since 1970: looks every 50 ms. @throws the signal's reason */
export async function momentOf(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    if (await isSo()) return Date.now();
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** Seconds in which at least one of them was under way. */
export function covered(spans: readonly Span[]): number {
  let ms = 0;
  let until = 0;
  for (const { begin, end } of spans.toSorted((one, other) => one.begin - other.begin)) {
    ms += Math.max(0, end - Math.max(until, begin));
    until = Math.max(until, end);
  }
  return ms / 1000;
}

export function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)] ?? 0;
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

export function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
