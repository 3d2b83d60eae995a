import { expect, test } from 'vitest';
import { createLab, engineWithGenerationOf, expectEngine, expectHealth, LONG_PROMPT, post, request } from './lab.ts';

const lab = createLab();
const PROMPT = { prompt: LONG_PROMPT };
const WITHIN = (ms: number) => ({ headers: { 'x-request-timeout-ms': String(ms) } });

test('beyond the places and the queue: 503 at once with Retry-After, and the queue is served', async () => {
  const engine = await lab.engine(engineWithGenerationOf(1500, 1));
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '1', MAX_QUEUE: '2' });
  const accepted = [1, 2, 3].map(() => post(`${b.url}/invoke`, PROMPT));
  await expectHealth(b, 200, { working: 1, queued: 2 });
  const refused = await Promise.all(Array.from({ length: 20 }, () => post(`${b.url}/invoke`, PROMPT)));
  for (const reply of refused) {
    expect(reply).toMatchObject({ status: 503, body: { detail: 'overloaded: 1 at work and 2 waiting' } });
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(reply.ms).toBeLessThan(250);
  }
  const served = await Promise.all(accepted);
  expect(served.map(({ status }) => status)).toEqual([200, 200, 200]);
  // Who had to wait for the place is told for how long, apart from the model.
  const waits = served.map(({ body }) => body.timing.queue_seconds).toSorted((x, y) => x - y);
  expect(waits[0]).toBe(0);
  expect(waits[2]).toBeGreaterThan(waits[1]);
  expect(waits[1]).toBeGreaterThan(0);
  await expectEngine(engine, { started: 3, finished: 3, max_active: 1 });
});

test.each([
  [{}, 1],
  [{ OLLAMA_NUM_PARALLEL: '3' }, 3],
  [{ OLLAMA_NUM_PARALLEL: '3', MAX_CONCURRENCY: '2' }, 2],
])(
  'with %o, %i work at once: as many as the engine has slots, unless told otherwise',
  async (settings, concurrency) => {
    const engine = await lab.engine();
    const b = await lab.b(engine.url, settings);
    await post(`${engine.url}/sim/faults`, { mode: 'hang', count: 4 });
    for (let i = 0; i < 4; i++) post(`${b.url}/invoke`, PROMPT).catch(() => {});
    await expectHealth(b, 200, { working: concurrency, queued: 4 - concurrency, capacity: { concurrency } });
  },
);

test('everything in the process is bounded, requests that only wait included', async () => {
  const engine = await lab.engine();
  const b = await lab.b(engine.url, { MIN_PROCESS_SECONDS: '0.5', MAX_IN_FLIGHT: '3' });
  const replies = await Promise.all(Array.from({ length: 10 }, () => post(`${b.url}/invoke`, PROMPT)));
  const statuses = replies.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(3);
  expect(statuses.filter((status) => status === 503)).toHaveLength(7);
});

test('what cannot be answered before the caller’s deadline is not started', async () => {
  const engine = await lab.engine(engineWithGenerationOf(400, 1));
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '1' });
  const first = post(`${b.url}/invoke`, PROMPT);
  await expectEngine(engine, { active: 1 });
  expect(await post(`${b.url}/invoke`, PROMPT, WITHIN(0))).toMatchObject({
    status: 504,
    body: { detail: 'deadline passed: it was over when the request came (x-request-timeout-ms: 0)' },
  });
  const waited = await post(`${b.url}/invoke`, PROMPT, WITHIN(100));
  expect(waited).toMatchObject({ status: 504, body: { detail: 'deadline passed: the caller waits at most 100 ms' } });
  expect(waited.ms).toBeLessThan(300);
  expect((await post(`${b.url}/invoke`, PROMPT, { headers: { 'x-request-timeout-ms': 'soon' } })).status).toBe(400);
  expect((await first).status).toBe(200);
  await expectEngine(engine, { started: 1 });
  const slow = await lab.b(engine.url, { MIN_PROCESS_SECONDS: '5' });
  expect(await post(`${slow.url}/invoke`, PROMPT, WITHIN(1000))).toMatchObject({
    status: 504,
    body: { detail: expect.stringContaining('minimum processing time of 5 s') },
  });
  await expectEngine(engine, { started: 1 });
});

test('A refuses what cannot be answered in time any more before its model works for it, in its queue, too', async () => {
  const engineA = await lab.engine(engineWithGenerationOf(400, 1));
  const engineB = await lab.engine(engineWithGenerationOf(400, 1));
  const b = await lab.b(engineB.url);
  const a = await lab.a(engineA.url, b.url);
  for (let i = 0; i < 3; i++) expect((await post(`${a.url}/chain`, PROMPT)).status).toBe(200);
  // A's 20 tokens and B's 40.
  const least =
    /^deadline passed: the caller waits ([\d.]+) s more and an answer takes at least (0\.[6-9]\d*|[1-9].*) s$/;
  const hopeless = { status: 504, body: { detail: expect.stringMatching(least) } };
  expect(await post(`${a.url}/chain`, PROMPT, WITHIN(500))).toMatchObject(hopeless);
  // Long enough at the door, and no more when the place before it does not become free.
  await post(`${engineA.url}/sim/faults`, { mode: 'hang', count: 1 });
  const blocking = new AbortController();
  post(`${a.url}/chain`, PROMPT, { signal: blocking.signal }).catch(() => {});
  await expectHealth(a, 200, { working: 1 });
  expect(await post(`${a.url}/chain`, PROMPT, WITHIN(1500))).toMatchObject(hopeless);
  blocking.abort();
  await expectHealth(a, 200, { working: 0 });
  await expectEngine(engineA, { started: 3, finished: 3 });
  // Who waits long enough is served.
  expect((await post(`${a.url}/chain`, PROMPT, WITHIN(60_000))).status).toBe(200);
});

test('B refuses what its model cannot answer in time any more', async () => {
  const engine = await lab.engine(engineWithGenerationOf(400, 1));
  const b = await lab.b(engine.url);
  for (let i = 0; i < 3; i++) expect((await post(`${b.url}/invoke`, PROMPT)).status).toBe(200);
  expect(await post(`${b.url}/invoke`, PROMPT, WITHIN(300))).toMatchObject({
    status: 504,
    body: { detail: expect.stringContaining('an answer takes at least 0.4') },
  });
  await expectEngine(engine, { started: 3 });
});

test('what B’s model took for three at once keeps nobody from it when it is idle', async () => {
  const engine = await lab.engine({ ...engineWithGenerationOf(400, 1), OLLAMA_NUM_PARALLEL: '3' });
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '3' });
  const crowd = await Promise.all([1, 2, 3].map(() => post(`${b.url}/invoke`, PROMPT)));
  for (const { body } of crowd) expect(body.timing.ollama_seconds).toBeGreaterThan(0.9);
  // Each of them took 1.2 s, and it alone takes 0.4 s.
  await post(`${b.url}/invoke`, PROMPT, WITHIN(800));
  await expectEngine(engine, { started: 4 });
});

test('a deadline that passes while a model works cancels the work, and A passes what is left on to B', async () => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(60_000, 1));
  // B on its own would work for two minutes: that it stops is the header's doing, not the closed connection's.
  const b = await lab.b(engineB.url);
  const a = await lab.a(engineA.url, b.url);
  const reply = await post(`${a.url}/chain`, PROMPT, WITHIN(2000));
  expect(reply).toMatchObject({ status: 504 });
  await expectEngine(engineB, { active: 0, started: 1, cancelled: 1 });
  // The next ones wait before A's model, where waiting costs nothing.
  expect((await request(`${a.url}/health`)).body.remote).toMatchObject({ begun: 0, window: 1 });
});

test('what B refuses is kept by A until B has a place: A’s work is not thrown away', async () => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(50, 1));
  // B takes two at a time; A would let 256 begin.
  const b = await lab.b(engineB.url, { MAX_CONCURRENCY: '1', MAX_QUEUE: '1' });
  const a = await lab.a(engineA.url, b.url);
  const replies = await Promise.all(Array.from({ length: 12 }, () => post(`${a.url}/chain`, PROMPT)));
  expect(replies.map(({ status }) => status)).toEqual(Array(12).fill(200));
  await expectEngine(engineA, { finished: 12 });
  await expectEngine(engineB, { finished: 12, cancelled: 0 });
  const { remote } = (await request(`${a.url}/health`)).body;
  expect(remote).toMatchObject({ begun: 0, held: 0 });
  expect(remote.window).toBeLessThan(64);
});

test('B full to the end: A answers 503 with Retry-After, not 502', async () => {
  const engineA = await lab.engine();
  const engineB = await lab.engine(engineWithGenerationOf(60_000, 1));
  const b = await lab.b(engineB.url, { MAX_CONCURRENCY: '1', MAX_QUEUE: '0' });
  const blocking = new AbortController();
  post(`${b.url}/invoke`, PROMPT, { signal: blocking.signal }).catch(() => {});
  await expectEngine(engineB, { active: 1 });
  const a = await lab.a(engineA.url, b.url, { REMOTE_B_TIMEOUT_SECONDS: '0.3' });
  const reply = await post(`${a.url}/chain`, PROMPT);
  expect(reply).toMatchObject({ status: 503, body: { detail: expect.stringMatching(/^overloaded: remote\(B\) /) } });
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  blocking.abort();
});

test('goodput under ten times the capacity is what it is at capacity', async () => {
  const engine = await lab.engine(engineWithGenerationOf(20, 2));
  const b = await lab.b(engine.url, { MAX_CONCURRENCY: '8', MAX_QUEUE: '16' });
  const a = await lab.a(engine.url, b.url, { MAX_CONCURRENCY: '8', MAX_QUEUE: '16' });
  const drive = async (callers: number, ms: number) => {
    const end = performance.now() + ms;
    let ok = 0;
    const loop = async () => {
      while (performance.now() < end) {
        const { status } = await post(`${a.url}/chain`, PROMPT);
        if (status === 200) ok++;
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await Promise.all(Array.from({ length: callers }, loop));
    return ok;
  };
  await drive(4, 500);
  const atCapacity = await drive(8, 1500);
  const overloaded = await drive(80, 1500);
  expect(overloaded).toBeGreaterThan(atCapacity * 0.8);
});
