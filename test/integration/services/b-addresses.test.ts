import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createLab, expectHealth, LONG_PROMPT, type Program, post, request } from './lab.ts';

const lab = createLab();
const PROMPT = { prompt: LONG_PROMPT };
const CLOSED = 'http://127.0.0.1:1/invoke';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function play(listener: RequestListener): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => listener(incoming, outgoing));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/invoke`;
}

async function hostsOf(a: Program, times: number): Promise<string[]> {
  const hosts: string[] = [];
  for (let i = 0; i < times; i++) hosts.push((await post(`${a.url}/chain`, PROMPT)).body.b_result?.host ?? 'none');
  return hosts;
}

test('two B’s in turn; one dies: every request is answered by the other one', async () => {
  const engine = await lab.engine();
  const [one, two] = await Promise.all(['b-1', 'b-2'].map((host) => lab.b(engine.url, { SERVICE_HOST: host })));
  const a = await lab.a(engine.url, '', {
    REMOTE_B_URL: `${one?.url}/invoke, ${two?.url}/invoke`,
    REMOTE_B_PROBE_SECONDS: '0.1',
  });
  expect(await hostsOf(a, 4)).toEqual(['b-1', 'b-2', 'b-1', 'b-2']);
  one?.signal('SIGKILL');
  await one?.exited;
  expect(await hostsOf(a, 6)).toEqual(Array(6).fill('b-2'));
  await expectHealth(a, 200, {
    remote_b: `${one?.url}/invoke`,
    remote_b_up: true,
    remote: {
      addresses: [
        { url: `${one?.url}/invoke`, up: false },
        { url: `${two?.url}/invoke`, up: true, circuit: 'closed' },
      ],
    },
  });
  const { body } = await post(`${a.url}/chain`, PROMPT);
  expect(body.remote_b_url).toBe(`${two?.url}/invoke`);
  expect(body.steps[1]).toMatchObject({ name: 'b', address: `${two?.url}/invoke`, host: 'b-2' });
});

test('failover stays with the first one as long as it works', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  let refuses = true;
  const first = await play((_incoming, outgoing) => {
    const body = refuses ? { detail: 'draining: soon gone' } : { llm_text: 'x', host: 'first' };
    outgoing.writeHead(refuses ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const a = await lab.a(engine.url, '', { REMOTE_B_URL: `${first},${b.url}/invoke`, REMOTE_B_POLICY: 'failover' });
  expect(await hostsOf(a, 2)).toEqual(['b-1', 'b-1']);
  refuses = false;
  expect(await hostsOf(a, 2)).toEqual(['first', 'first']);
});

test('what one B has begun is given to no other one: its failure is the answer', async () => {
  const engine = await lab.engine();
  let asked = 0;
  const broken = await play((incoming) => {
    if (incoming.method === 'POST') asked++;
    incoming.socket.destroy();
  });
  const b = await lab.b(engine.url);
  const a = await lab.a(engine.url, '', { REMOTE_B_URL: `${broken},${b.url}/invoke` });
  expect(await post(`${a.url}/chain`, PROMPT)).toMatchObject({
    status: 502,
    body: { detail: 'remote(B) error: connection closed before the answer was complete' },
  });
  expect(asked).toBe(1);
});

test('all left alone: 503 with the time until one is tried again', async () => {
  const engine = await lab.engine();
  const a = await lab.a(engine.url, '', { REMOTE_B_URL: `${CLOSED},http://127.0.0.1:2/invoke` });
  for (let i = 0; i < 5; i++) {
    expect(await post(`${a.url}/chain`, PROMPT)).toMatchObject({
      status: 502,
      body: { detail: expect.stringMatching(/^remote\(B\) error: .*ECONNREFUSED/) },
    });
  }
  const refused = await post(`${a.url}/chain`, PROMPT);
  expect(refused).toMatchObject({
    status: 503,
    body: { detail: 'overloaded: no address of step b is available' },
  });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('a name that is looked up again and again', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  const a = await lab.a(engine.url, '', {
    REMOTE_B_URL: `http://localhost:${b.port}/invoke`,
    REMOTE_B_RESOLVE: 'each',
  });
  await expect
    .poll(async () => (await post(`${a.url}/chain`, PROMPT)).body.steps?.[1]?.address)
    .toBe(`http://127.0.0.1:${b.port}/invoke`);
});

test.each([
  [{ REMOTE_B_POLICY: 'random' }, 'REMOTE_B_POLICY: "random" is none of round-robin, least-latency, failover'],
  [{ REMOTE_B_RESOLVE: 'often' }, 'REMOTE_B_RESOLVE: "often" is none of once, each'],
  [{ REMOTE_B_URL: `${CLOSED},ftp://x` }, 'REMOTE_B_URL: "ftp://x" is not an http:// or https:// URL'],
  [{ REMOTE_B_URL: 'http://me:secret@b/invoke' }, 'REMOTE_B_URL: a URL with a name or a password is not used'],
  [{ REMOTE_B_URL: ', ,' }, 'REMOTE_B_URL: ", ," names no address'],
  [{ REMOTE_B_URL: Array(9).fill(CLOSED).join() }, 'REMOTE_B_URL: more than 8 addresses'],
])('settings that cannot be are refused: %j', async (settings, why) => {
  await expect(lab.a(CLOSED, CLOSED, settings as Record<string, string>)).rejects.toThrow(
    `ended with 2: service-a: ${why}`,
  );
});

test('a B that is alone is asked however often it failed', async () => {
  const engine = await lab.engine();
  const a = await lab.a(engine.url, 'http://127.0.0.1:1', { REMOTE_B_PROBE_SECONDS: '0.1' });
  for (let i = 0; i < 8; i++) expect((await post(`${a.url}/chain`, PROMPT)).status).toBe(502);
  await expectHealth(a, 200, { ready: true, remote_b_up: false });
  expect((await request(`${a.url}/health`)).body.remote).not.toHaveProperty('addresses');
});
