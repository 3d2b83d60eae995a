import { describe, expect, it } from 'vitest';
import { isForeign } from '../../../templates/services/common/api/cors.ts';
import { Env } from '../../../templates/services/common/env.ts';
import { readHistoryHosts, Visitors } from '../../../templates/services/service-a/history/visitors.ts';

describe('a request of another origin’s page', () => {
  const host = '127.0.0.1:8001';

  it.each([
    [{}, false],
    [{ origin: 'http://127.0.0.1:8001' }, false],
    [{ origin: 'http://127.0.0.1:3000' }, true],
    [{ origin: 'https://evil.example' }, true],
    [{ origin: 'null' }, true],
    [{ origin: 'http://' }, true],
    // The browser knows it better: behind a proxy, `host` may be another one.
    [{ origin: 'https://chat.example', 'sec-fetch-site': 'same-origin' }, false],
    [{ origin: 'https://chat.example', 'sec-fetch-site': 'same-site' }, true],
    [{ origin: 'http://127.0.0.1:8001', 'sec-fetch-site': 'cross-site' }, true],
    // A link from elsewhere only shows it to whoever follows it.
    [{ 'sec-fetch-site': 'cross-site' }, false],
    // No web page has these.
    [{ origin: 'app://obsidian.md', 'sec-fetch-site': 'cross-site' }, false],
    [{ origin: 'chrome-extension://abc' }, false],
  ])('%j: %s', (headers, foreign) => {
    expect(isForeign({ host, ...headers })).toBe(foreign);
  });

  it('is known by host and port, which have defaults', () => {
    expect(isForeign({ host: 'Chat.example:443', origin: 'https://chat.example' })).toBe(false);
    expect(isForeign({ host: 'chat.example', origin: 'http://chat.example:81' })).toBe(true);
    expect(isForeign({ origin: 'http://chat.example' })).toBe(true);
  });
});

describe('conversations of a service without a token', () => {
  const open = new Visitors(['chat.example'], { hasToken: false });

  it.each(['127.0.0.1:8001', '10.0.0.5', '[::1]:8001', 'localhost:8001', 'LOCALHOST', 'a:8000', 'vm-1.zone.internal'])(
    'are shown under %s',
    (host) => expect(open.refusal({ host })).toBeUndefined(),
  );

  it('are shown under a name that is set, and to what is no browser', () => {
    for (const host of ['chat.example', 'chat.example.:8001', 'Chat.Example:443']) {
      expect(open.refusal({ host })).toBeUndefined();
    }
    expect(open.refusal({})).toBeUndefined();
  });

  it.each([
    'evil.example:8001',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'x.chat.example',
    'notlocalhost.com',
  ])('are not shown under %s, which may be anybody’s', (host) => {
    expect(open.refusal({ host })).toMatchObject({ status: 403, code: 'host_not_allowed' });
    expect(new Visitors([], { hasToken: true }).refusal({ host })).toBeUndefined();
    expect(new Visitors(['*'], { hasToken: false }).refusal({ host })).toBeUndefined();
  });

  it('say what to set', () => {
    const host = 'gpu.example:8001';
    expect(open.refusal({ host })?.message).toContain('HISTORY_HOSTS=gpu.example');
    const foreign = open.refusal({ host: '127.0.0.1', origin: `http://evil.example/${'\n'}${'x'.repeat(500)}` });
    expect(foreign).toMatchObject({ status: 403, code: 'origin_not_allowed' });
    expect(foreign?.message).toContain('HISTORY_HOSTS');
    expect(foreign?.message.length).toBeLessThan(400);
  });

  it('are for the own page only, with a token or any name, too; behind a proxy, by its name', () => {
    const foreign = { host: '127.0.0.1:8001', origin: 'http://evil.example' };
    for (const visitors of [new Visitors(['*'], { hasToken: false }), new Visitors([], { hasToken: true })]) {
      expect(visitors.refusal(foreign)).toMatchObject({ code: 'origin_not_allowed' });
    }
    expect(open.refusal({ host: '127.0.0.1:8001', origin: 'http://chat.example:8443' })).toBeUndefined();
  });
});

it('the names are names', () => {
  const read = (HISTORY_HOSTS: string) => readHistoryHosts(new Env({ HISTORY_HOSTS }));
  expect(read(' Chat.example, * ,')).toEqual(['chat.example', '*']);
  for (const wrong of ['http://x.example', 'x.example:80', 'a b', '*.example', 'x/y']) {
    expect(() => read(wrong)).toThrow(`HISTORY_HOSTS: "${wrong}" is neither a host's name`);
  }
});
