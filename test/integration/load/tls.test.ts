import type { RequestListener } from 'node:http';
import { createSecureServer as createHttp2 } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { readAuthorities } from '../../../src/services/dial/authorities.ts';
import { type ServerCertificate, TestAuthority } from '../../support/certificates.ts';
import { ANSWER, pointOf, readCsv, refusingUrl, serve, sweep } from './lab.ts';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await TestAuthority.open();
});
afterAll(() => authority.close());

const answer: RequestListener = (request, response) => void request.resume().on('end', () => response.end(ANSWER));

/** A real HTTPS server; `url(host)` is its address under that name. */
async function serveTls(certificate: ServerCertificate, handler: RequestListener = answer) {
  const server = createServer(certificate, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, url: (host: string) => `https://${host}:${port}/invoke` };
}

/** Generators that are started from here on trust the test's authority; this process does not. */
function trusting(): void {
  vi.stubEnv('NODE_EXTRA_CA_CERTS', authority.file);
  onTestFinished(() => void vi.unstubAllEnvs());
}

const NAMES = 'DNS:localhost,IP:127.0.0.1';

describe('a certificate that is not right', () => {
  const cases = [
    {
      what: 'signed by itself',
      make: () => authority.selfSigned(NAMES),
      trusts: false,
      said: /^the certificate of localhost:\d+ is signed by itself, and nothing here trusts it$/,
      next: 'NODE_EXTRA_CA_CERTS=',
      class: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    },
    {
      what: 'of an unknown authority',
      make: () => authority.issue(NAMES),
      trusts: false,
      said: /^the certificate of localhost:\d+ comes from an authority that is not known here, or the server does/,
      next: 'NODE_EXTRA_CA_CERTS=',
      class: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    },
    {
      what: 'expired',
      make: () => authority.issue(NAMES, { expired: true }),
      trusts: true,
      class: 'CERT_HAS_EXPIRED',
    },
    {
      what: 'of another host',
      make: () => authority.issue('DNS:elsewhere.test'),
      trusts: true,
      class: 'ERR_TLS_CERT_ALTNAME_INVALID',
    },
  ];

  test.each(cases)('$what: every request has the class $class', async ({ make, trusts, said, next, class: name }) => {
    if (trusts) trusting();
    const { url } = await serveTls(await make());
    if (said !== undefined) {
      const refused = { exit: 5, message: expect.stringMatching(said), nextSteps: expect.anything() };
      await expect(sweep(url('localhost'))).rejects.toMatchObject(refused);
      const steps = await sweep(url('localhost')).catch(({ nextSteps }) => nextSteps);
      expect(steps.join('\n')).toContain(next);
    }
    const outcome = await sweep(url('localhost'), { preflight: false, rates: [50] });
    expect(pointOf(outcome)).toMatchObject({ outcomes: { transport_error: 30 }, errorsByClass: { [name]: 30 } });
    expect(await readCsv(pointOf(outcome).perRequestCsv)).toHaveLength(30);
  });
});

test('--ca-file adds an authority to the others, for probes and load alike', async () => {
  const { url } = await serveTls(await authority.issue(NAMES));
  const point = pointOf(
    await sweep(url('localhost'), { preflight: true, rates: [30], durationSeconds: 2 }, { ca: await authority.text() }),
  );
  expect(point.outcomes).toMatchObject({ ok: 60 });
  const file = await readAuthorities(authority.file);
  expect(file.trim()).toBe((await authority.text()).trim());
  for (const [path, why] of [
    ['/nowhere/ca.pem', 'cannot be read'],
    [import.meta.filename, 'holds no certificate'],
  ] as const) {
    await expect(readAuthorities(path)).rejects.toMatchObject({ exit: 2, message: expect.stringContaining(why) });
  }
});

test('a server of HTTP/2 alone refuses TLS for anything else, and that is told', async () => {
  trusting();
  const server = createHttp2({ ...(await authority.issue(NAMES)), allowHTTP1: false }, () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `https://localhost:${(server.address() as AddressInfo).port}/x`;
  await expect(sweep(url)).rejects.toMatchObject({ exit: 5, message: expect.stringContaining('no HTTP/1.1') });
  const { errorsByClass } = pointOf(await sweep(url, { preflight: false, rates: [50] }));
  expect(errorsByClass).toEqual({ 'http2-only': 30 });
});

describe('over TLS, with an authority that is trusted', () => {
  test.each(['localhost', '127.0.0.1'])('answers, connections kept, at %s', async (host) => {
    trusting();
    const { url } = await serveTls(await authority.issue(NAMES));
    const outcome = await sweep(url(host), { preflight: false, rates: [30], durationSeconds: 2 });
    expect(pointOf(outcome)).toMatchObject({ outcomes: { ok: 60 }, hosts: { 'b-1': 60 } });
    expect(pointOf(outcome).newConnections).toBeLessThan(60);
  });

  test('10 MB, half an answer, an end without one, silence', async () => {
    trusting();
    let n = 0;
    const { url } = await serveTls(await authority.issue(NAMES), (request, response) => {
      request.resume().on('end', () => {
        const which = n++ % 5;
        if (which === 0) response.end(Buffer.alloc(10_000_000, 32));
        else if (which === 1) {
          response.writeHead(200, { 'content-length': '1000' }).write('half');
          setImmediate(() => request.socket.destroy());
        } else if (which === 2) request.socket.destroy();
        else if (which === 3) response.end(ANSWER);
      });
    });
    // A connection that the server has just closed would be an error of another kind.
    const once = { requestsPerConnection: 1 };
    const change = { preflight: false, rates: [50], warmupSeconds: 0, timeoutSeconds: 4, ...once };
    const { outcomes, errorsByClass } = pointOf(await sweep(url('localhost'), change));
    expect(outcomes).toMatchObject({ ok: 6, invalid: 6, timeout: 6, transport_error: 12 });
    expect(errorsByClass).toMatchObject({ 'too-long': 6, timeout: 6 });
  });

  test('a keep-alive that ends between two requests is a new connection, not an error', async () => {
    trusting();
    const { url, server } = await serveTls(await authority.issue(NAMES));
    server.keepAliveTimeout = 1;
    server.keepAliveTimeoutBuffer = 0;
    const point = pointOf(await sweep(url('localhost'), { preflight: false, rates: [50], durationSeconds: 1 }));
    // A request that meets the closing socket on the wire is a true error, and rare.
    expect(point.outcomes.ok).toBeGreaterThan(45);
    expect(point.newConnections).toBeGreaterThan(20);
  });
});

test('https to a server of plain HTTP says which of the two it is', async () => {
  const { url } = await serve(answer);
  const refused = sweep(url.replace('http:', 'https:'));
  await expect(refused).rejects.toMatchObject({
    exit: 5,
    message: expect.stringMatching(
      /^no TLS connection with 127\.0\.0\.1:\d+: what listens there speaks no TLS \(wrong version number\)$/,
    ),
  });
  await expect(refused).rejects.toMatchObject({
    nextSteps: expect.arrayContaining([expect.stringContaining('http://')]),
  });
});

describe('a target that only points elsewhere', () => {
  test.each([301, 302, 303, 307, 308])('%i: told before any load, with the address behind it', async (status) => {
    let asked = 0;
    const { url } = await serve((request, response) => {
      asked++;
      request.resume().on('end', () => response.writeHead(status, { location: 'https://b.test/v2/invoke' }).end());
    });
    await expect(sweep(url, { probe: true })).rejects.toMatchObject({
      exit: 5,
      message: `${url} redirects to https://b.test/v2/invoke (status ${status}), and a load follows no redirects`,
      nextSteps: [
        'give the address behind it: --target https://b.test/v2/invoke',
        expect.stringContaining('--no-pref'),
      ],
    });
    expect(asked).toBe(1);
  });

  test('health elsewhere: the whole target is', async () => {
    const { url, server } = await serve(answer);
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      response.writeHead(308, { location: `https://b.test${request.url}` }).end();
    });
    await expect(sweep(url)).rejects.toMatchObject({
      message: expect.stringContaining('/health redirects to https://b.test/health (status 308)'),
      nextSteps: ['give the address behind it: --target https://b.test/invoke', expect.anything()],
    });
  });

  test('without preflight: never followed, each an error with its status', async () => {
    const elsewhere = await refusingUrl();
    const { url } = await serve((request, response) => {
      request.resume().on('end', () => response.writeHead(307, { location: elsewhere }).end());
    });
    const outcome = await sweep(url, { preflight: false, rates: [50] });
    expect(pointOf(outcome)).toMatchObject({ outcomes: { http_error: 30 }, errorsByClass: { 307: 30 } });
    const [row] = await readCsv(pointOf(outcome).perRequestCsv);
    expect(row?.error).toBe(`HTTP 307: redirects to ${elsewhere}`);
  });
});
