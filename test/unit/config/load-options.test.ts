import { describe, expect, test } from 'vitest';
import type { LoadFlags } from '../../../src/config/load-flags.ts';
import { sweepSettings } from '../../../src/config/load-options.ts';

/** What oclif makes of the defaults, as far as it matters here. */
const flags = (change: Partial<LoadFlags>) =>
  sweepSettings({ rps: '1,2', duration: 10, results: 'results', 'find-knee': false, ...change } as LoadFlags);

describe('the longest point of a search', () => {
  test('is ten minutes, or what was asked for, and no less than a point', () => {
    expect(flags({ 'find-knee': true }).maxDurationSeconds).toBe(600);
    expect(flags({ 'find-knee': true, duration: 900 }).maxDurationSeconds).toBe(900);
    expect(flags({ 'find-knee': true, 'max-duration': 60 }).maxDurationSeconds).toBe(60);
    expect(flags({})).not.toHaveProperty('maxDurationSeconds');
  });

  test('is refused without a search, and below the duration of a point', () => {
    expect(() => flags({ 'max-duration': 60 })).toThrow(/and neither is there/);
    expect(() => flags({ 'find-knee': true, 'max-duration': 5 })).toThrow(
      /--max-duration of 5 s is shorter than --duration/,
    );
  });

  test('leaves out no rates that the search decides on', () => {
    expect(() => flags({ 'find-knee': true, 'stop-above-knee': true })).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining('--stop-above-knee would leave some') }),
    );
    expect(flags({ 'stop-above-knee': true }).stopAboveKnee).toBe(true);
  });
});
