import { expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, expectEngine, expectHealth, LONG_PROMPT, post, request } from './lab.ts';

const lab = createLab();
const PROMPT = { prompt: LONG_PROMPT };

test('a caller who leaves while A’s model works frees its slot', async () => {
  const engine = await lab.engine(engineWithGenerationOf(60_000, 1));
  const a = await lab.a(engine.url, 'http://127.0.0.1:1');
  const caller = new AbortController();
  const chain = post(`${a.url}/chain`, PROMPT, { signal: caller.signal });
  chain.catch(() => {});
  await expectEngine(engine, { active: 1 });
  caller.abort();
  await expectEngine(engine, { active: 0, cancelled: 1 });
  await expectHealth(a, 200, { working: 0, remote: { begun: 0 } });
});

test('a caller who leaves during the second step frees the slot of B’s engine, through A, the proxy and B', async () => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(60_000, 1));
  const b = await lab.b(engineB.url);
  const proxy = await lab.proxy([b]);
  await expectHealth(proxy, 200, { ok: true });
  const a = await lab.a(engineA.url, proxy.url);
  const caller = new AbortController();
  const chain = post(`${a.url}/chain`, PROMPT, { signal: caller.signal });
  chain.catch(() => {});
  await expectEngine(engineB, { active: 1 });
  expect((await request(`${engineA.url}/sim/stats`)).body.finished).toBe(1);
  caller.abort();
  await expectEngine(engineB, { active: 0, cancelled: 1 });
  await expectHealth(b, 200, { working: 0 });
  await expectHealth(a, 200, { remote: { begun: 0 } });
});

test('a caller who leaves A’s queue, or whose deadline passes there, costs no engine anything', async () => {
  const engineA = await lab.engine(engineWithGenerationOf(60_000, 1));
  const a = await lab.a(engineA.url, 'http://127.0.0.1:1');
  const first = new AbortController();
  post(`${a.url}/chain`, PROMPT, { signal: first.signal }).catch(() => {});
  await expectEngine(engineA, { active: 1 });
  const caller = new AbortController();
  post(`${a.url}/chain`, PROMPT, { signal: caller.signal }).catch(() => {});
  await expectHealth(a, 200, { queued: 1 });
  caller.abort();
  await expectHealth(a, 200, { queued: 0 });
  const late = await post(`${a.url}/chain`, PROMPT, { headers: { 'x-request-timeout-ms': '100' } });
  expect(late).toMatchObject({ status: 504, body: { detail: 'deadline passed: the caller waits at most 100 ms' } });
  first.abort();
  await expectHealth(a, 200, { working: 0, queued: 0, remote: { begun: 0 } });
  await expectEngine(engineA, { started: 1, cancelled: 1 });
});

test('a caller who leaves the queue is never started', async () => {
  const engine = await lab.engine(engineWithGenerationOf(3000, 1));
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '1' });
  const first = post(`${b.url}/invoke`, PROMPT);
  await expectEngine(engine, { active: 1 });
  const caller = new AbortController();
  const second = post(`${b.url}/invoke`, PROMPT, { signal: caller.signal });
  second.catch(() => {});
  await expectHealth(b, 200, { queued: 1 });
  caller.abort();
  await expectHealth(b, 200, { queued: 0 });
  expect((await first).status).toBe(200);
  await expectEngine(engine, { started: 1, finished: 1 });
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s: health turns 503, work in flight finishes, exit 0', async (signal) => {
  const engine = await lab.engine(engineWithGenerationOf(800, 4));
  const b = await lab.b(engine.url);
  const a = await lab.a(engine.url, b.url);
  const chain = post(`${a.url}/chain`, PROMPT);
  await expectEngine(engine, { active: 1 });
  a.signal(signal);
  await expectHealth(a, 503, { ok: false, reason: 'draining' });
  const left = (await request(`${a.url}/health`)).body.drain_seconds_left;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(30);
  const refused = await post(`${a.url}/chain`, PROMPT);
  expect(refused).toMatchObject({ status: 503, body: { detail: 'draining: this instance is shutting down' } });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect((await chain).status).toBe(200);
  expect(await a.exited).toBe(0);
  expect(await request(`${b.url}/health`)).toMatchObject({ status: 200 });
});

test('draining is bounded: what does not finish is cut off and its work is cancelled', async () => {
  const engine = await lab.engine(engineWithGenerationOf(60_000, 1));
  const b = await lab.b(engine.url, { DRAIN_SECONDS: '0.3' });
  const invoke = post(`${b.url}/invoke`, PROMPT);
  invoke.catch(() => {});
  await expectEngine(engine, { active: 1 });
  b.signal('SIGTERM');
  expect(await b.exited).toBe(0);
  await expect(invoke).rejects.toThrow();
  await expectEngine(engine, { active: 0 });
  expect(b.stderr()).toContain('1 requests did not finish in time');
});
