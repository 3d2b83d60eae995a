/** As many vectors of numbers as there were inputs; undefined for anything else. */
export function vectorsOf(value: unknown, count: number): number[][] | undefined {
  const isVector = (each: unknown) => Array.isArray(each) && each.length > 0 && each.every(Number.isFinite);
  return Array.isArray(value) && value.length === count && value.every(isVector) ? value : undefined;
}
