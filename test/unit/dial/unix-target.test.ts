import { expect, test } from 'vitest';
import { smokeTargetFlag } from '../../../src/config/service-urls.ts';
import { serviceBase } from '../../../src/services/chain/urls.ts';
import { socketOf, unixTarget } from '../../../src/services/dial/unix-target.ts';
import { atBase } from '../../../src/services/load/discovery/api-paths.ts';
import { resolveTarget, targetName } from '../../../src/services/load/target.ts';

test.each([
  ['unix:/run/vllm.sock:/v1/completions', 'http+unix://%2Frun%2Fvllm.sock/v1/completions'],
  ['unix:///run/vllm.sock:/v1/chat?x=1', 'http+unix://%2Frun%2Fvllm.sock/v1/chat?x=1'],
  ['unix:/run/A b.sock', 'http+unix://%2Frun%2FA%20b.sock/'],
  ['http+unix://%2Frun%2Fvllm.sock/v1', 'http+unix://%2Frun%2Fvllm.sock/v1'],
])('%s', (text, url) => {
  expect(unixTarget(text)).toBe(url);
  expect(socketOf(new URL(url))).toMatch(/^\/run\//);
});

test('other targets are none', () => {
  for (const text of ['http://unix.test/', 'chain', 'unix', 'https://a/unix:'])
    expect(unixTarget(text)).toBeUndefined();
  expect(socketOf(new URL('http://a.test/'))).toBeUndefined();
});

test.each([
  ['unix:vllm.sock:/v1', 'absolute path'],
  ['unix:/run/:/v1', 'absolute path'],
  ['unix:/run/x.sock:v1', 'does not begin with "/"'],
  [`unix:/${'x'.repeat(120)}:/v1`, 'more than 107 bytes'],
  ['http://unix:/run/x.sock:/v1', 'scheme'],
  ['https+unix://%2Fx/v1', 'scheme'],
  ['http+unix://x.sock/v1', 'absolute path'],
  ['http+unix://%zz/v1', 'no escape'],
  ['http+unix://me@%2Fx/v1', 'no URL'],
])('%s is refused', (text, why) => {
  expect(() => unixTarget(text)).toThrow(expect.objectContaining({ exit: 2, message: expect.stringContaining(why) }));
});

test('as the target of a load: it is asked what it is, and has a name for its files', async () => {
  const services = [{ name: 'a', path: '/chain' }];
  const asked = () => Promise.reject(new Error('nothing is deployed'));
  const { targetUrl } = await resolveTarget('unix:/run/x.sock', asked, 'default', services);
  expect(targetUrl).toBe('http+unix://%2Frun%2Fx.sock/');
  expect(targetName(atBase(targetUrl, '/chain'))).toBe('chain');
});

test('a smoke test takes one as a load does, and asks the same server', async () => {
  const parse = smokeTargetFlag().parse as (text: string, context: object, flag: object) => Promise<string>;
  const read = (text: string) => parse(text, {}, { name: 'target' });
  expect(await read('unix:/run/a.sock:/chain')).toBe('http+unix://%2Frun%2Fa.sock/chain');
  expect(await read('chain')).toBe('chain');
  await expect(read('unix:a.sock')).rejects.toThrow('absolute path');
  expect(serviceBase(await read('unix:/run/a.sock:/chain'))).toBe('http+unix://%2Frun%2Fa.sock');
});
