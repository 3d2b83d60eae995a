import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Env } from '../../../templates/services/common/env.ts';
import {
  keepAliveField,
  parseKeepAlive,
  parseKeepAliveSetting,
} from '../../../templates/services/common/keep-alive.ts';
import { readCommonSettings, readModelSettings } from '../../../templates/services/common/service-settings.ts';
import { VERSION } from '../../../templates/services/common/version.ts';
import { listenDefaults, readSimSettings } from '../../../templates/services/engine-sim/settings.ts';
import { Rotation } from '../../../templates/services/proxy/rotation.ts';
import { readProxySettings } from '../../../templates/services/proxy/settings.ts';

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  expect(VERSION).toBe(version);
});

test('defaults are the contract’s; an empty value counts as unset, except for the log, which it turns off', () => {
  const empty = new Env({ MAX_BODY_BYTES: '' });
  const settings = readCommonSettings(empty, { minProcessSeconds: 5 });
  expect(settings).toMatchObject({
    minProcessMs: 5000,
    maxBodyBytes: 1_048_576,
    logPath: '/logs/requests.jsonl',
  });
  expect(readModelSettings(empty, { promptChars: 1200, numPredict: 40, numCtx: 1024 }).temperature).toBe(0.2);
  for (const off of ['', 'none', ' none ']) {
    expect(readCommonSettings(new Env({ LOG_PATH: off }), { minProcessSeconds: 0 }).logPath).toBeUndefined();
  }
});

test.each([
  [{ MAX_QUEUE: '1.5' }, 'MAX_QUEUE: "1.5" is not a whole number'],
  [{ MAX_CONCURRENCY: '0' }, 'MAX_CONCURRENCY: "0" is below the minimum 1'],
  [{ MIN_PROCESS_SECONDS: '-1' }, 'MIN_PROCESS_SECONDS: "-1" is below the minimum 0'],
])('%o is refused by name and value', (source, message) => {
  expect(() => readCommonSettings(new Env(source), { minProcessSeconds: 0 })).toThrow(message);
});

test('rates of the simulation: 0 and inf take no time', () => {
  for (const text of ['0', 'inf', 'Infinity']) {
    const settings = readSimSettings(new Env({ SIM_OUTPUT_TOKENS_PER_SECOND: text, SIM_MODELS: 'a, b:c,' }));
    expect([settings.outputTokensPerSecond, settings.models]).toEqual([Infinity, ['a', 'b:c']]);
  }
});

test('OLLAMA_HOST in all its forms', () => {
  expect(listenDefaults(undefined)).toEqual({ port: 11_434, address: '127.0.0.1' });
  expect(listenDefaults('0.0.0.0')).toEqual({ port: 11_434, address: '0.0.0.0' });
  expect(listenDefaults('127.0.0.1:8080')).toEqual({ port: 8080, address: '127.0.0.1' });
  expect(listenDefaults(':8080')).toEqual({ port: 8080, address: '0.0.0.0' });
  expect(listenDefaults('http://[::1]:9')).toEqual({ port: 9, address: '::1' });
});

test('keep_alive as Ollama reads it', () => {
  const cases = [
    [300, 300_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    [-1, Infinity],
    ['-1m', Infinity],
    [0, 0],
    ['1h2m3.5s', 3_723_500],
    ['.5s', 500],
    ['2562047h', 2_562_047 * 3_600_000],
    ['-9223372036854775808ns', Infinity],
  ] as const;
  for (const [value, ms] of cases) expect([value, parseKeepAlive(value)]).toEqual([value, { ms }]);
  const refused = [
    ['90', 'time: missing unit in duration "90"'],
    ['soon', 'time: invalid duration "soon"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['2562048h', 'time: invalid duration "2562048h"'],
    ['2562047h47m16.854775808s', 'time: invalid duration "2562047h47m16.854775808s"'],
    ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
    [true, "Unsupported type: 'bool'"],
  ] as const;
  for (const [value, problem] of refused) expect(parseKeepAlive(value)).toEqual({ problem });
  // In the variable a number alone is seconds.
  expect([parseKeepAliveSetting('90'), parseKeepAliveSetting('-1'), parseKeepAliveSetting('x')]).toEqual([
    90_000,
    Infinity,
    undefined,
  ]);
});

test('keep-alive as A and B send it to Ollama, which refuses a number in a text', () => {
  expect(['30m', '90', '0', '-1', '-1m'].map(keepAliveField)).toEqual(['30m', 90, 0, -1, '-1m']);
});

test.each([
  [{}, 1],
  [{ OLLAMA_NUM_PARALLEL: '4' }, 4],
  [{ OLLAMA_NUM_PARALLEL: '4', MAX_CONCURRENCY: '6' }, 6],
])('with %o, %i requests work at once', (source, concurrency) => {
  expect(readCommonSettings(new Env(source), { minProcessSeconds: 0 })).toMatchObject({ concurrency, queue: 64 });
});

test('backends have names, given or taken from their address, and no two the same', () => {
  const read = (list: string) => readProxySettings(new Env({ PROXY_BACKENDS: list })).backends;
  expect(read('b1=http://h:1, http://h:2').map(({ name }) => name)).toEqual(['b1', 'h:2']);
  expect(() => read('x=http://h:1,x=http://h:2')).toThrow('uses a name twice');
  expect(() => read('x=h')).toThrow('PROXY_BACKENDS: "h" is not an http:// or https:// URL');
});

test('rotation passes over the unhealthy and the tried', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, healthy: true })) as [Member, Member, Member];
  const rotation = new Rotation([a, b, c]);
  const take = (...tried: Member[]) => rotation.take(new Set(tried))?.name;
  expect([take(), take(), take(), take()]).toEqual(['a', 'b', 'c', 'a']);
  b.healthy = false;
  expect([take(), take(c)]).toEqual(['c', 'a']);
  expect(take(a, c)).toBeUndefined();
});

interface Member {
  name: string;
  healthy: boolean;
}
