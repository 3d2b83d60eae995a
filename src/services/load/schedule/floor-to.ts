/** A positive number of so many digits, not above it. */
export function floorTo(value: number, digits: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - digits + 1);
  const floor = Math.floor(value / unit + 1e-9) * unit;
  return Number(floor.toPrecision(digits));
}
