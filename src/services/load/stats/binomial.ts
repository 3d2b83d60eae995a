/** A chance that is not to be counted on. */
const CHANCE = 0.05;

/**
 * Whether so many of so many are more than chance makes of a share: where the share is true, as many or more come in less
 * than 5 % of all samples. One failure of ten requests says little about a share of 2 %, three say enough.
 */
export function isCertainlyAbove(count: number, of: number, share: number): boolean {
  if (count <= of * share) return false;
  let sum = 0;
  let term = binomial(of, count, share);
  for (let k = count; k <= of && term > 1e-9; k++) {
    sum += term;
    term *= ((of - k) / (k + 1)) * (share / (1 - share));
  }
  return sum < CHANCE;
}

/** Probability of exactly `k` of `n`; by logarithms, since `n` may be hundreds of thousands. */
export function binomial(n: number, k: number, p: number): number {
  const choose = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
  return Math.exp(choose + k * Math.log(p) + (n - k) * Math.log(1 - p));
}

/** Stirling's series after shifting the argument above 10: better than 1e-12 (Abramowitz and Stegun 6.1.41). */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5);
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
