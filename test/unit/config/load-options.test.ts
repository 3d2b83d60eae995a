import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LoadFlags } from '../../../src/config/load-flags.ts';
import { loadRequest, sweepSettings } from '../../../src/config/load-options.ts';

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

describe('a file of one point', () => {
  const asked = (change: object, typed: string) => {
    const flags = { rps: '1,2', duration: 10, turns: 1, results: 'results', target: 'http://h/infer', ...change };
    return loadRequest({ ...flags, 'out-json': 'x.json' } as unknown as Parameters<typeof loadRequest>[0], {
      ...{ argv: typed.split(' '), stack: 'default', about: {}, elastic: undefined, tell: () => {} },
      endpoints: async () => expect.fail('no stack is asked'),
    });
  };

  test('goes with stages and with a trace, which are one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chainctl-trace-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const trace = join(folder, 'trace.csv');
    await writeFile(
      trace,
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.0,9,4\n2024-05-10 00:00:01.0,9,4\n',
    );
    expect(await asked({ stages: '10s:5,10s:1-9' }, '--stages 10s:5')).toMatchObject({ options: { rates: [5] } });
    expect(await asked({ trace }, '--trace x')).toMatchObject({ options: { rates: [expect.any(Number)] } });
    expect(await asked({ concurrency: '8', arrivals: 'constant' }, '--concurrency 8')).toHaveProperty('options');
  });

  test('is refused for several points', async () => {
    await expect(asked({}, '--rps 1,2')).rejects.toMatchObject({
      ...{ exit: 2, message: '--out-json is of exactly one point, and this load has 2 points' },
    });
    await expect(asked({ rps: '1', 'find-knee': true }, '--find-knee')).rejects.toMatchObject({ exit: 2 });
  });
});

describe('what nobody gave', () => {
  const optionsOf = async (change: object, typed = '') => {
    const flags = {
      duration: 10,
      turns: 1,
      results: 'results',
      arrivals: 'constant',
      target: 'http://h/infer',
      ...change,
    };
    const request = await loadRequest(flags as unknown as Parameters<typeof loadRequest>[0], {
      ...{ argv: typed.split(' '), stack: 'default', about: {}, elastic: undefined, tell: () => {} },
      endpoints: async () => expect.fail('no stack is asked'),
    });
    return 'options' in request ? request.options : expect.fail('it goes on with nothing');
  };

  test.each([
    [{ rps: '10,20', requests: 200 }, '', 20],
    [{ rps: '10', requests: 200 }, '--duration 10s', 10],
    [{ rps: '10', requests: 200, duration: 30 }, '', 30],
    [{ concurrency: '8', requests: 200 }, '--concurrency 8', 86_400],
    [{ concurrency: '8', requests: 200 }, '--concurrency 8 --duration 10s', 10],
    [{ concurrency: '8' }, '--concurrency 8', 10],
    [{ rps: '10,20', requests: 200, 'find-knee': true }, '', 10],
    [{ rps: '10', requests: 200, 'until-certain': 'p99' }, '', 10],
  ])('without a duration, %o with "%s" takes as long as its requests do', async (change, typed, seconds) => {
    expect((await optionsOf(change, typed)).durationSeconds).toBe(seconds);
  });

  test.each([
    [{}, '', true],
    [{ 'find-knee': true }, '--find-knee', true],
    [{ rps: '1' }, '--rps 1', undefined],
    [{ rps: '1' }, '', undefined],
    [{ concurrency: '8' }, '--concurrency 8', undefined],
    [{ stages: '10s:5' }, '--stages 10s:5', undefined],
  ])('rates are asked for or not: %o', async (change, typed, unasked) => {
    expect((await optionsOf(change, typed)).unaskedRates).toBe(unasked);
  });
});
