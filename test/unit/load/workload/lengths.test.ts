import { describe, expect, test } from 'vitest';
import {
  drawLength,
  formatLengths,
  type Lengths,
  parseLengths,
} from '../../../../src/services/load/workload/lengths.ts';
import { randomOf } from '../../../../src/services/load/workload/random.ts';
import { kolmogorov, normalCdf } from '../../../support/kolmogorov.ts';

type Drawn = Exclude<Lengths, { kind: 'dataset' }>;

const draws = (text: string, count = 20_000) =>
  Array.from({ length: count }, (_, n) => drawLength(parseLengths(text, 'x') as Drawn, randomOf(7, 'input', n)));

test.each([
  ['128', { kind: 'constant', value: 128 }],
  ['64-256', { kind: 'uniform', min: 64, max: 256 }],
  ['dataset', { kind: 'dataset' }],
  ['normal:200,50,1-400', { kind: 'normal', middle: 200, spread: 50, min: 1, max: 400 }],
  ['lognormal:200,0.8', { kind: 'lognormal', middle: 200, spread: 0.8, min: 1, max: 10_000_000 }],
])('%s is read, and written again as it was', (text, lengths) => {
  expect(parseLengths(text, 'x')).toEqual(lengths);
  expect(formatLengths(lengths as Lengths)).toBe(text);
});

test.each([
  ['', 'this is no length'],
  ['-5', 'this is no length'],
  ['1.5', 'this is no length'],
  ['0', '0 is too small: it must be at least 1'],
  ['99999999', '99999999 is too large: it may be at most 10000000'],
  ['256-64', 'it ends at 64, below its beginning 256'],
  ['normal:200', 'this is no length'],
  ['normal:200,50,300-400', 'its middle 200 is not between 300 and 400'],
  ['lognormal:200,50', 'sigma 50 is of the logarithm: 0.5 is wide, and more than 5 is no length'],
  ['zipf:1', 'this is no length'],
])('"%s" is refused: %s', (text, why) => {
  expect(() => parseLengths(text, 'max-tokens')).toThrow(`--max-tokens "${text}": ${why}`);
});

describe('lengths that are drawn follow their distribution', () => {
  // A whole number stands for what is rounded to it: half a token to either side is spread evenly, for the comparison.
  const spread = (values: number[]) => values.map((value, n) => value - 0.5 + randomOf(1, 'output', n)());

  test('uniform', () => {
    const values = draws('64-256');
    expect(kolmogorov(spread(values), (x) => (x - 63.5) / 193)).toBeLessThan(1.95);
    expect([Math.min(...values), Math.max(...values)]).toEqual([64, 256]);
  });

  test('normal', () => {
    expect(kolmogorov(spread(draws('normal:2000,150')), (x) => normalCdf((x - 2000) / 150))).toBeLessThan(1.95);
  });

  test('lognormal', () => {
    const values = spread(draws('lognormal:2000,0.6'));
    expect(kolmogorov(values, (x) => normalCdf(Math.log(x / 2000) / 0.6))).toBeLessThan(1.95);
  });

  test('within bounds, without a heap at them', () => {
    const values = draws('normal:200,200,100-300');
    expect([Math.min(...values), Math.max(...values)]).toEqual([100, 300]);
    for (const bound of [100, 300]) expect(values.filter((value) => value === bound).length).toBeLessThan(150);
  });
});

test('the same seed and number make the same; neighbours, purposes and turns do not depend on each other', () => {
  const of = (seed: number, number: number, turn = 0) => randomOf(seed, 'input', number, turn)();
  expect(of(7, 12)).toBe(of(7, 12));
  const numbers = Array.from({ length: 5000 }, (_, n) => n - 2500);
  const series = [
    numbers.map((n) => of(7, n)),
    numbers.map((n) => of(8, n)),
    numbers.map((n) => of(7, n, 1)),
    numbers.map((n) => of(7, n, 2)),
    numbers.map((n) => randomOf(7, 'output', n)()),
  ];
  for (const values of series) expect(kolmogorov(values, (x) => x)).toBeLessThan(1.95);
  for (const [i, a] of series.entries()) {
    for (const b of series.slice(i + 1)) expect(Math.abs(correlation(a, b))).toBeLessThan(0.05);
    expect(Math.abs(correlation(a.slice(1), a.slice(0, -1)))).toBeLessThan(0.05);
  }
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number) =>
    mean(x.map((value, i) => (value - mx) * ((y[i] as number) - my)));
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
}
