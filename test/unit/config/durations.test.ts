import { describe, expect, it } from 'vitest';
import { formatSeconds, parseDuration } from '../../../src/durations.ts';

describe('durations', () => {
  it.each([
    ['10', 10],
    ['0.5', 0.5],
    ['500ms', 0.5],
    ['10s', 10],
    ['2m', 120],
    ['1h', 3600],
    ['1m30s', 90],
    ['1.5m', 90],
    [' 3s ', 3],
  ])('reads %j as %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBeCloseTo(seconds, 9);
  });

  it.each(['', 's', '-1s', '1 s', '10sec', '1s1', 'soon', '1e3', 'Infinity'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow('is not a duration: write for example 500ms, 10s, 2m or 1m30s');
  });

  it.each([
    [0.34, '340 ms'],
    [4.24, '4.2 s'],
    [59.94, '59.9 s'],
    [59.96, '1m 00s'],
    [65, '1m 05s'],
    [7810, '2h 10m'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});
