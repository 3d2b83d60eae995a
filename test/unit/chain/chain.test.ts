import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcp, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';

import { createChainClient } from '../../../src/services/chain/client.ts';
import { excerpt } from '../../../src/services/chain/excerpt.ts';
import { describeDeviation } from '../../../src/services/chain/schemas.ts';
import { certificateFault, describeTransport } from '../../../src/services/chain/transport.ts';
import { serviceBase } from '../../../src/services/chain/urls.ts';
import { chainAnswer, healthA, healthB, invokeAnswer } from '../../../src/services/workloads/answers.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

function client(signal = new AbortController().signal, timeoutMs = 2000) {
  const made = createChainClient({ clock: systemClock, timeoutMs, signal });
  closing.push(() => made.close());
  return made;
}

const http = (listener: RequestListener) => listen(createServer(listener));

test.each([
  ['http://a:8001', 'http://a:8001'],
  ['http://a:8001/', 'http://a:8001'],
  ['http://a:8001/chain', 'http://a:8001'],
  ['http://a/prefix/health/', 'http://a/prefix'],
  ['https://b/invoke?x=1#y', 'https://b'],
  ['http://a/chains', 'http://a/chains'],
])('%s is based at %s', (url, base) => expect(serviceBase(url)).toBe(base));

test('schemas keep unknown fields and say where an answer deviates', () => {
  expect(healthB.parse({ ok: true, service: 'b', host: 'h', queued: 3 })).toMatchObject({ queued: 3 });
  const { error } = chainAnswer.safeParse({ service: 'a', model_a: 1 });
  expect(describeDeviation(error as never)).toMatchInlineSnapshot(
    `"model_a: invalid input: expected string, received number; remote_b_url: invalid input: expected string, received undefined; a_summary: invalid input: expected string, received undefined"`,
  );
  const { error: whole } = healthB.safeParse([]);
  expect(describeDeviation(whole as never)).toMatch(/^the answer: /);
});

test.each([
  ['ECONNREFUSED', 'refused', 'nothing listens at b:81 (connection refused)'],
  ['ENOTFOUND', 'dns', 'the name in b:81 cannot be resolved'],
  ['EHOSTUNREACH', 'unreachable', 'b:81 cannot be reached from here'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout', 'b:81: boom'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout', 'no answer from b:81 within 1.5 s'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', 'no TLS connection with b:81: boom'],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'certificate',
    'the certificate of b:81 is signed by itself, and nothing here trusts it',
  ],
  ['CERT_HAS_EXPIRED', 'certificate', 'the certificate of b:81 has expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate', 'the certificate of b:81 is not for that name, but for another name'],
  ['ECONNRESET', 'closed', 'b:81 closed the connection before it answered'],
  ['HPE_INVALID_CONSTANT', 'protocol', 'b:81 does not answer in HTTP/1.1'],
  ['EWHATEVER', 'other', 'request to b:81 failed: boom'],
])('%s is told as a sentence', (code, kind, reason) => {
  const error = Object.assign(new Error('boom'), { code });
  const told = describeTransport(new AggregateError([error]), 'http://b:81/invoke', 1500);
  expect(told.code).toBe(kind);
  expect(told.reason).toBe(reason);
  expect(told.remedy).not.toBe('');
});

test('a port for TLS closes or alerts where plain HTTP comes', () => {
  const remedyOf = (code: string, url: string) =>
    describeTransport(Object.assign(new Error('boom'), { code }), url, 1500).remedy;
  for (const code of ['ECONNRESET', 'UND_ERR_SOCKET', 'HPE_INVALID_CONSTANT']) {
    expect(remedyOf(code, 'http://b:81')).toContain('where it speaks TLS, use https://');
    expect(remedyOf(code, 'https://b:81')).not.toContain('https://');
  }
  expect(remedyOf('ECONNREFUSED', 'http://b:81')).not.toContain('TLS');
});

test('a time that no flag changes is not to be changed by one', () => {
  const late = Object.assign(new Error('late'), { name: 'TimeoutError' });
  const connect = Object.assign(new Error('no connection within 10 s'), { code: 'UND_ERR_CONNECT_TIMEOUT' });
  expect(describeTransport(late, 'http://b:81', 1500).remedy).toContain('allow more time with --timeout');
  for (const told of [
    describeTransport(late, 'http://b:81', 5000, true),
    describeTransport(connect, 'http://b:81', 180_000),
  ]) {
    expect(told).toMatchObject({ code: 'timeout', remedy: expect.stringContaining('whatever --timeout gives') });
  }
});

describe('an exchange', () => {
  test('keeps its connection', async () => {
    let connections = 0;
    const server = createServer((_, outgoing) => outgoing.end('{"ok":true,"service":"b","host":"h"}'));
    server.on('connection', () => connections++);
    const base = await listen(server);
    const one = client();
    for (let i = 0; i < 10; i++) expect((await one.health(healthB, base)).kind).toBe('answer');
    // A request that leaves in the very turn in which an answer ends finds the first connection still busy.
    expect(connections).toBeLessThanOrEqual(2);
  });

  test('knows the simulated engine from the header, too', async () => {
    const base = await http((_, outgoing) => {
      outgoing.setHeader('x-chainctl-simulated', '1').end('{"ok":true,"service":"b","host":"h"}');
    });
    expect(await client().health(healthB, base)).toMatchObject({ kind: 'answer', body: { simulated: true } });
  });

  test('does not read an endless answer', async () => {
    const base = await http((_, outgoing) => {
      // One turn of the event loop between writes: a response whose client has gone calls back at once, for ever.
      const timer = setInterval(() => outgoing.write('x'.repeat(262_144)), 1);
      outgoing.on('close', () => clearInterval(timer));
    });
    expect(await client().send(invokeAnswer, `${base}/invoke`, 'p')).toMatchObject({
      kind: 'malformed',
      reason: expect.stringMatching(/^not JSON: xxx/),
    });
  });

  test('times out, with the seconds in the sentence', async () => {
    const base = await http(() => {});
    const reply = await client(undefined, 200).send(invokeAnswer, `${base}/invoke`, 'p');
    expect(reply).toMatchObject({
      kind: 'transport',
      code: 'timeout',
      reason: expect.stringContaining('within 0.2 s'),
    });
    expect(reply.seconds).toBeGreaterThan(0.15);
  });

  test('meets a port that does not speak HTTP', async () => {
    const base = await listen(createTcp((socket) => socket.end('SSH-2.0-nothing\r\n')));
    expect(await client().health(healthA, base)).toMatchObject({ kind: 'transport', code: 'protocol' });
  });

  test('meets https where http is spoken', async () => {
    const base = await http((_, outgoing) => outgoing.end());
    expect(await client().health(healthA, base.replace('http:', 'https:'))).toMatchObject({
      kind: 'transport',
      code: 'tls',
    });
  });

  test('rejects with the reason of an interrupt', async () => {
    const controller = new AbortController();
    const base = await http(() => controller.abort(new Error('stop')));
    await expect(client(controller.signal).health(healthA, base)).rejects.toThrow('stop');
  });
});

test('an excerpt holds nothing that a terminal would obey', () => {
  expect(excerpt('\u001b[31mred\n\u0007 \ud800')).toBe('[31mred \ufffd');
  expect(excerpt(' ')).toBe('an empty body');
  expect(excerpt('x'.repeat(500))).toHaveLength(120);
});

test('the names of a certificate are shown bounded and without what a terminal obeys', () => {
  const told = (cert: object) =>
    certificateFault(Object.assign(new Error('no'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID', cert }))?.[0];
  expect(told({ subjectaltname: 'DNS:a.test, IP Address:10.0.0.1' })).toBe(
    'is not for that name, but for a.test, 10.0.0.1',
  );
  const many = Array.from({ length: 300 }, (_, i) => `DNS:h${i}.test`).join(', ');
  expect(told({ subjectaltname: many })).toMatch(/ h0\.test, h1\.test, h2\.test, h3\.test, h4\.test and 295 more$/);
  expect(told({ subject: { CN: 'x\u001b[31m\n' } })).toBe('is not for that name, but for x [31m');
  expect(certificateFault(new Error('ECONNRESET'))).toBeUndefined();
});
