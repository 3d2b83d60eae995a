import { describe, expect, test } from 'vitest';
import { proxyFor, proxyNote } from '../../../src/services/dial/proxy.ts';

const HTTP = { http_proxy: 'http://proxy.test:3128', https_proxy: 'http://secure.test:3128' };

test('by the scheme of the target, small letters first; a port and a scheme may be left out', () => {
  expect(proxyFor('http://a.test/x', HTTP)).toEqual({ url: 'http://proxy.test:3128', from: 'http_proxy' });
  expect(proxyFor('https://a.test/x', HTTP)).toEqual({ url: 'http://secure.test:3128', from: 'https_proxy' });
  expect(proxyFor('https://a.test/x', { http_proxy: 'http://proxy.test' })).toBeUndefined();
  expect(proxyFor('http://a.test/x', { HTTP_PROXY: 'p.test:8080' })?.url).toBe('http://p.test:8080');
  expect(proxyFor('http://a.test/x', { HTTP_PROXY: 'http://one', http_proxy: 'http://two' })?.url).toBe('http://two');
  expect(proxyFor('http://a.test/x', { HTTP_PROXY: ' ', http_proxy: '' })).toBeUndefined();
});

test('user name and password go into the header, and into nothing that is shown', () => {
  const proxy = proxyFor('http://a.test/x', { http_proxy: 'http://me:p%40ss%zz@p.test:1/' });
  expect(proxy?.url).toBe('http://p.test:1');
  expect(proxy?.authorization).toBe(`Basic ${Buffer.from('me:p@ss%zz').toString('base64')}`);
  expect(proxy && proxyNote(proxy, 'http://a.test:8/x')).toBe(
    'requests to a.test:8 go through the proxy http://p.test:1 (http_proxy): the figures are those of both. ' +
      'NO_PROXY=a.test asks the target directly',
  );
});

test.each([
  'http://localhost:1/',
  'http://a.localhost/',
  'http://127.8.9.1/',
  'http://[::1]:8001/',
  'http+unix://%2Fx/',
])('%s is never asked through one', (target) => {
  expect(proxyFor(target, HTTP)).toBeUndefined();
});

describe('NO_PROXY', () => {
  test.each([
    ['*', 'http://a.test/', true],
    ['a.test', 'http://a.test/', true],
    ['A.Test', 'http://b.a.test/', true],
    ['.a.test', 'http://a.test/', false],
    ['.a.test', 'http://b.a.test/', true],
    ['*.a.test', 'http://b.a.test/', true],
    ['a.test', 'http://ba.test/', false],
    ['x, a.test:8080 y', 'http://a.test:8080/', true],
    ['a.test:8080', 'http://a.test/', false],
    ['a.test:443', 'https://a.test/', true],
    ['10.0.0.0/8', 'http://10.2.3.4/', true],
    ['10.0.0.0/8', 'http://11.2.3.4/', false],
    ['10.0.0.0/99', 'http://10.2.3.4/', false],
    ['10.2.3.4', 'http://10.2.3.4:5/', true],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['fd12::1', 'http://[fd12::1]/', true],
    ['[fd12::1]:80', 'http://[fd12::1]/', true],
    ['[fd12::1]:81', 'http://[fd12::1]/', false],
  ])('%s: %s directly: %s', (no_proxy, target, isDirect) => {
    const env = { ...HTTP, https_proxy: 'http://p.test', no_proxy };
    expect(proxyFor(target, env) === undefined).toBe(isDirect);
  });
});

test.each(['socks5://p.test:1080', 'http://', 'ftp://p.test'])('%s is refused at the door', (value) => {
  const refused = { exit: 2, message: expect.stringContaining('HTTPS_PROXY names no http or https proxy') };
  expect(() => proxyFor('https://a.test/', { HTTPS_PROXY: value })).toThrow(expect.objectContaining(refused));
});
