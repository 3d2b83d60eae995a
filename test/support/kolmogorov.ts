/**
 * How far a sample is from a distribution: Kolmogorov and Smirnov's distance times the root of the size. Of samples that
 * are drawn from it, 1 in 1000 is above 1.95.
 */
export function kolmogorov(sample: readonly number[], distribution: (value: number) => number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const n = sorted.length;
  const distances = sorted.map((value, i) => {
    const below = distribution(value);
    return Math.max(Math.abs(below - i / n), Math.abs(below - (i + 1) / n));
  });
  return Math.max(...distances) * Math.sqrt(n);
}

/** The standard normal distribution (Abramowitz and Stegun 26.2.17: exact to 1e-7). */
export function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}

/** The gamma distribution of a shape and scale 1, by the series of the lower incomplete gamma function. */
export function gammaCdf(shape: number, x: number): number {
  if (x <= 0) return 0;
  let term = 1 / shape;
  let sum = term;
  for (let n = 1; n < 1000 && term > sum * 1e-12; n++) {
    term *= x / (shape + n);
    sum += term;
  }
  return Math.min(1, sum * Math.exp(-x + shape * Math.log(x) - logGamma(shape)));
}

/** Stirling's series, after the argument was made large. */
function logGamma(x: number): number {
  let [z, shift] = [x, 0];
  while (z < 10) shift -= Math.log(z++);
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * z) - 1 / (360 * z ** 3);
}
