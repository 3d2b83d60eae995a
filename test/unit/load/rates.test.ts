import { describe, expect, it, test } from 'vitest';
import { DEFAULT_RATES, parseConcurrency, parseRates } from '../../../src/services/load/schedule/rates.ts';

test.each([
  ['1,10,50', [1, 10, 50]],
  [' 5 , 0.5 ', [5, 0.5]],
  ['1,10,...,1000', [...DEFAULT_RATES]],
  ['1,...,1000', [...DEFAULT_RATES]],
  ['1,10,50,…,300', [1, 10, 50, 100, 200, 300]],
  ['1,10,...,50', [1, 10, 50]],
  ['1,10,...,28', [1, 10, 19, 28]],
  ['100,200,...,1000', [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]],
  ['0.1,0.2,...,0.5', [0.1, 0.2, 0.3, 0.4, 0.5]],
  ['10,20,...,40,100', [10, 20, 30, 40, 100]],
  ['100..300:100', [100, 200, 300]],
  ['1,100..250:100,1000', [1, 100, 200, 1000]],
  ['0.5..1.5:0.5', [0.5, 1, 1.5]],
  ['.5', [0.5]],
])('%s', (text, rates) => expect(parseRates(text)).toEqual(rates));

test.each([
  ['', 'a number is missing, at character 1'],
  ['1,,2', 'a number is missing, at character 3'],
  ['1,10,', 'a number is missing, at character 6'],
  // Of several faults the first from the left is named.
  ['x,1,', 'this is not a number of requests per second, at character 1'],
  ['1,...,', 'a number is missing, at character 7'],
  ['1,1O', 'this is not a number of requests per second, at character 4'],
  ['1, x', 'this is not a number of requests per second, at character 4'],
  ['1e3', 'this is not a number of requests per second, at character 2'],
  ['-5', 'this is not a number of requests per second, at character 1'],
  ['1,0', 'a rate must be more than 0, at character 3'],
  ['1000000', 'a rate may be at most 100000, at character 1'],
  ['10,20,10', '10 is given twice, and each point has a file of its own, at character 7'],
  ['...,5', '"..." needs a number before it, at character 1'],
  ['1,10,...', '"..." needs a number after it, to know where to stop, at character 6'],
  ['5,...,20', '"..." needs two numbers before it, to know the step, at character 3'],
  ['20,10,...,5', 'the step before "..." must go up, and 20 to 10 does not, at character 7'],
  ['100,200,...,150', '150 is not above 200, at character 13'],
  ['100,200,...,950', 'steps of 100 from 200 do not meet 950, at character 13'],
  ['10,50,...,1000', 'steps of 40 from 50 do not meet 1000, at character 11'],
  ['100..300', 'a range needs a step, for example 100..1000:100, at character 9'],
  ['300..100:50', 'the range ends below its beginning 300, at character 6'],
  ['1..x:1', 'this is not a number of requests per second, at character 4'],
  ['1..9:0', 'a rate must be more than 0, at character 6'],
  ['1..1000:1', 'more than 200 points, at character 1'],
  ['1..100000:0.00001', 'more than 200 points, at character 1'],
])('refuses "%s"', (text, why) => {
  expect(() => parseRates(text)).toThrow(`--rps "${text}": ${why}`);
  expect(() => parseRates(text)).toThrow(expect.objectContaining({ exit: 2, code: 'rates-invalid' }));
});

describe('how many requests a closed loop keeps open', () => {
  it.each([
    ['1,4,16', [1, 4, 16]],
    ['1,2,4,...,64', [1, 2, 4, 8, 16, 32, 64]],
    ['8..32:8', [8, 16, 24, 32]],
    ['10,20,...,50', [10, 20, 30, 40, 50]],
  ])('reads %s', (text, expected) => {
    expect(parseConcurrency(text)).toEqual(expected);
  });

  it.each([
    ['1,2.5', 'a concurrency must be a whole number, at character 3'],
    ['0', 'a concurrency must be more than 0, at character 1'],
    ['1,x', 'this is not a number of requests kept open, at character 3'],
    ['60000', 'a concurrency may be at most 50000, at character 1'],
  ])('refuses %s', (text, why) => {
    expect(() => parseConcurrency(text)).toThrow(`--concurrency "${text}": ${why}`);
  });
});
