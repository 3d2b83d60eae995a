/** Seconds with four decimals: finer than any of these clocks is worth. */
export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1e4) / 1e4;
}
