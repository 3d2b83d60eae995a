import { once } from 'node:events';
import { Agent, createServer, get, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { haproxyBalancers } from '../../gcp/haproxy-balancers.ts';
import type { Backend, BalancerRule, Balancers } from '../../gcp/machines.ts';
import { Session } from '../../session.ts';
import { labObstacle } from '../../support.ts';
import { prepareVmHost } from '../../vms.ts';

const obstacle = await labObstacle(true);

/** All backends answer on this port, each on a loopback address of its own. */
const PORT = 8087;
const CHECK = {
  path: '/health',
  port: PORT,
  intervalMs: 50,
  timeoutMs: 500,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
};

/** One backend: says its name, after a while if it is told to. */
interface Service {
  readonly backend: Backend;
  readonly server: Server;
  healthy: boolean;
  /** What waits for `answer`. */
  readonly held: (() => void)[];
}

describe.skipIf(obstacle)(`the lab's load balancers${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let session: Session;
  let balancers: Balancers;
  let services: Service[];
  let rule: BalancerRule;
  let url: string;

  beforeAll(async () => {
    session = await Session.open();
    await prepareVmHost(session);
    balancers = haproxyBalancers(session);
    services = await Promise.all(['a', 'b', 'c'].map((name, index) => startService(name, `127.87.1.${index + 1}`)));
  });
  afterAll(async () => {
    await balancers?.close();
    for (const { server } of services ?? []) {
      server.close();
      server.closeAllConnections();
    }
    await session?.close();
  });

  /** Each test has a load balancer of its own with the first two backends. */
  beforeEach(async (context) => {
    for (const each of services) each.healthy = true;
    const address = balancers.newAddress();
    url = `http://${address}/`;
    rule = { name: context.task.id, address, port: 80, backends: backends(2), check: CHECK, timeoutSeconds: 60 };
    await balancers.put(rule);
    await healthIs({ a: 'HEALTHY', b: 'HEALTHY' });
    return () => balancers.remove(rule.name);
  });

  const service = (name: string) => services.find(({ backend }) => backend.name === name) as Service;
  const backends = (count: number) => services.slice(0, count).map(({ backend }) => backend);
  const ask = async (path = '') => (await fetch(url + path)).text();
  const askAll = async (count: number) => {
    const seen = new Set<string>();
    for (let n = 0; n < count; n += 1) seen.add(await ask());
    return [...seen].sort().join('');
  };
  const healthIs = (health: Record<string, string>) =>
    expect.poll(() => balancers.health(rule.name), { timeout: 10_000 }).toEqual(health);

  /** Requests without a pause, on connections that are kept and on new ones, while `work` goes on. */
  const underRequests = async (work: () => Promise<unknown>) => {
    const answers: string[] = [];
    let done = false;
    const client = async (agent: Agent) => {
      while (!done) answers.push(await status(url, agent));
      agent.destroy();
    };
    const clients = [true, true, false, false].map((keepAlive) => client(new Agent({ keepAlive })));
    await work();
    const enough = answers.length + 20;
    await expect.poll(() => answers.length, { timeout: 10_000 }).toBeGreaterThan(enough);
    done = true;
    await Promise.all(clients);
    return [...new Set(answers)];
  };

  it('give each request to the next backend, also on one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const names = [];
    for (let n = 0; n < 4; n += 1) names.push((await send(url, agent)).body);
    agent.destroy();
    expect(names.join('')).toMatch(/^(abab|baba)$/);
  });

  it('say that they are in between, to both sides', async () => {
    const response = await fetch(`${url}headers`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(response.headers.get('via')).toBe('1.1 google');
    const { host: lb } = new URL(url);
    expect(await response.json()).toMatchObject({
      host: lb,
      via: '1.1 google',
      'x-forwarded-for': `203.0.113.9, ${lb}, ${lb}`,
      'x-forwarded-proto': 'http',
    });
  });

  it('leave out a backend that is not healthy, until it is', async () => {
    service('a').healthy = false;
    await healthIs({ a: 'UNHEALTHY', b: 'HEALTHY' });
    expect(await askAll(6)).toBe('b');
    service('a').healthy = true;
    await healthIs({ a: 'HEALTHY', b: 'HEALTHY' });
    expect(await askAll(6)).toBe('ab');
  });

  it('let a backend that drains finish what it has, and give it nothing new', async () => {
    const held = [ask('hold'), ask('hold')];
    await expect.poll(() => service('a').held.length).toBe(1);
    const drained = backends(2).map((each) => ({ ...each, draining: each.name === 'a' }));
    await balancers.put({ ...rule, backends: drained });
    expect(await balancers.health(rule.name)).toEqual({ a: 'DRAINING', b: 'HEALTHY' });
    expect(await askAll(6)).toBe('b');
    await balancers.put({ ...rule, backends: drained.slice(1) });
    await expect.poll(() => service('b').held.length).toBe(1);
    for (const each of services) for (const answer of each.held.splice(0)) answer();
    expect((await Promise.all(held)).sort()).toEqual(['a', 'b']);
    expect(await balancers.health(rule.name)).toEqual({ b: 'HEALTHY' });
  });

  it('answer as Google does when no backend is healthy, and when one takes too long', async () => {
    await balancers.put({ ...rule, timeoutSeconds: 1 });
    const slow = await fetch(`${url}hold`);
    expect([slow.status, await slow.text()]).toEqual([504, 'upstream request timeout']);
    for (const each of services) each.held.splice(0);
    for (const name of ['a', 'b']) service(name).healthy = false;
    await healthIs({ a: 'UNHEALTHY', b: 'UNHEALTHY' });
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'text/html; charset=UTF-8']);
    expect(await response.text()).toContain('<h1>Error: Server Error</h1>');
  });

  it('answer nothing but a status until they serve, and then lose no request', async () => {
    for (const [onlyStatus, text] of [
      [404, 'Error 404 (Not Found)!!1'],
      [502, 'Error: Server Error'],
    ] as const) {
      await balancers.put({ ...rule, onlyStatus });
      const response = await fetch(url);
      expect([response.status, await response.text()]).toEqual([onlyStatus, expect.stringContaining(text)]);
    }
    await balancers.put(rule);
    expect(await askAll(6)).toBe('ab');
  });

  it('repeat a read on another backend when one breaks off, and no write', async () => {
    expect(await Promise.all([1, 2, 3, 4].map(() => ask('break-a')))).toEqual(['b', 'b', 'b', 'b']);
    const writes = await Promise.all([1, 2, 3, 4].map(() => fetch(`${url}break-a`, { method: 'POST' })));
    expect(writes.map(({ status }) => status).sort()).toEqual([200, 200, 502, 502]);
  });

  it('wait for a new backend to prove that it is healthy, also for one that comes back under its name', async () => {
    service('c').healthy = false;
    await balancers.put({ ...rule, backends: backends(3) });
    await healthIs({ a: 'HEALTHY', b: 'HEALTHY', c: 'UNHEALTHY' });
    service('c').healthy = true;
    await healthIs({ a: 'HEALTHY', b: 'HEALTHY', c: 'HEALTHY' });
    expect(await askAll(6)).toBe('abc');
    const [a, b, c] = backends(3) as [Backend, Backend, Backend];
    service('c').healthy = false;
    await balancers.put({ ...rule, backends: [b, { ...c, name: 'a' }] });
    expect(a.address).not.toBe(c.address);
    expect(await askAll(4)).toBe('b');
    await healthIs({ a: 'UNHEALTHY', b: 'HEALTHY' });
  });

  it('change backends while requests go on, and none fails', async () => {
    const statuses = await underRequests(async () => {
      for (let n = 0; n < 5; n += 1) {
        await balancers.put({ ...rule, backends: backends(3) });
        await healthIs({ a: 'HEALTHY', b: 'HEALTHY', c: 'HEALTHY' });
        await balancers.put({ ...rule, backends: backends(3).map((each, i) => ({ ...each, draining: i === 1 })) });
        await balancers.put({ ...rule, backends: backends(2).slice(0, 1) });
        await balancers.put(rule);
        await healthIs({ a: 'HEALTHY', b: 'HEALTHY' });
      }
    });
    expect(statuses).toEqual(['200']);
  });

  it('change the time-out and the check while requests go on, and none fails', async () => {
    const statuses = await underRequests(async () => {
      for (const timeoutSeconds of [61, 62, 63]) {
        await balancers.put({ ...rule, timeoutSeconds, check: { ...CHECK, intervalMs: timeoutSeconds } });
        expect(await balancers.health(rule.name)).toEqual({ a: 'HEALTHY', b: 'HEALTHY' });
      }
    });
    expect(statuses).toEqual(['200']);
  });

  it('refuse connections once they are removed', async () => {
    await balancers.remove(rule.name);
    await expect(fetch(url, { signal: AbortSignal.timeout(5000) })).rejects.toThrow();
    expect(await balancers.health(rule.name)).toEqual({});
  });
});

async function startService(name: string, address: string): Promise<Service> {
  const server = createServer((request, response) => {
    if (request.url === '/health') response.writeHead(service.healthy ? 200 : 503).end();
    else if (request.url === `/break-${name}`) request.socket.destroy();
    else if (request.url === '/headers') response.end(JSON.stringify(request.headers));
    else if (request.url === '/hold') service.held.push(() => response.end(name));
    else response.end(name);
  });
  const service: Service = { backend: { name, address, port: PORT }, server, healthy: true, held: [] };
  server.listen(PORT, address);
  await once(server, 'listening');
  return service;
}

async function send(url: string, agent: Agent): Promise<{ status: number; body: string }> {
  const [response] = await once(get(url, { agent }), 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

/** A status, or what went wrong. */
async function status(url: string, agent: Agent): Promise<string> {
  return send(url, agent).then(
    (answer) => String(answer.status),
    (error: unknown) => String(error),
  );
}
