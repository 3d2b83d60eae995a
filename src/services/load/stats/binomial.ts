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

/**
 * Between which two a share lies of which `hits` of `of` were seen, each bound with a chance of `tail` to be wrong: Clopper
 * and Pearson's exact bounds (Biometrika 26, 1934). Neither number has to be whole: a sample may count as a smaller one.
 */
export function shareBounds(hits: number, of: number, tail: number): readonly [low: number, high: number] {
  if (of <= 0) return [0, 1];
  const low = hits <= 0 ? 0 : betaQuantile(tail, hits, of - hits + 1);
  return [low, hits >= of ? 1 : betaQuantile(1 - tail, hits + 1, of - hits)];
}

/** By bisection: a share to ten digits. */
function betaQuantile(probability: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularized incomplete beta function, by Lentz' continued fraction (Abramowitz and Stegun 26.5.8). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  // On its other side the fraction converges slowly.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / tiny(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / tiny(1 + even * d);
    c = tiny(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / tiny(1 + odd * d);
    c = tiny(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-13) break;
  }
  return front * fraction;
}

function tiny(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}
