import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLab, expectHealth, LONG_PROMPT, type Program, post, request } from './lab.ts';

const lab = createLab();

async function startChain(): Promise<{ a: Program; b: Program; engine: Program; log: string }> {
  const log = join(mkdtempSync(join(tmpdir(), 'chainctl-a-')), 'requests.jsonl');
  const engine = await lab.engine();
  const b = await lab.b(engine.url);
  return { engine, b, log, a: await lab.a(engine.url, b.url, { LOG_PATH: log }) };
}

test('answers with every field of the contract, its own summary first and then what B answered', async () => {
  const { a, b, log } = await startChain();
  const reply = await post(`${a.url}/chain`, { prompt: LONG_PROMPT });
  expect(reply.status).toBe(200);
  const { body } = reply;
  expect(body).toMatchObject({
    service: 'a',
    model_a: 'tinyllama',
    remote_b_url: `${b.url}/invoke`,
    b_result: { service: 'b', model: 'phi3:mini', host: 'b-1', usage: { eval_count: 40, prompt_eval_count: 300 } },
    simulated: true,
    // The model of A sees the instruction and the prompt, cut at 700 characters: 175 tokens of the simulated engine.
    usage: { eval_count: 20, prompt_eval_count: 175 },
  });
  expect(body.a_summary.split(' ')).toHaveLength(20);
  const { a_local_seconds: local, b_remote_seconds: remote, end_to_end_seconds: total } = body.timing;
  expect(local).toBeGreaterThan(0);
  expect(remote).toBeGreaterThanOrEqual(body.b_result.timing.total_seconds);
  expect(total).toBeGreaterThanOrEqual(local + remote - 0.001);
  for (const { queue_seconds, engine } of [body.timing, body.b_result.timing]) {
    expect(queue_seconds).toBe(0);
    const { total_seconds, ...parts } = engine;
    expect(Object.keys(parts)).toEqual(['queue_seconds', 'load_seconds', 'prompt_seconds', 'generation_seconds']);
    const sum = Object.values(parts as Record<string, number>).reduce((x, y) => x + y);
    expect(sum).toBeCloseTo(total_seconds, 3);
  }
  expect(body.timing.engine.total_seconds).toBeLessThanOrEqual(local);
  await expect.poll(() => readFileSync(log, 'utf8').split('\n').length).toBe(2);
  expect(JSON.parse(readFileSync(log, 'utf8'))).toEqual({
    service: 'a',
    status: 200,
    prompt_len: LONG_PROMPT.length,
    remote_b_url: `${b.url}/invoke`,
    a_local_seconds: local,
    b_remote_seconds: remote,
    end_to_end_seconds: total,
    queue_seconds: 0,
    engine_queue_seconds: body.timing.engine.queue_seconds,
    load_seconds: body.timing.engine.load_seconds,
    prompt_seconds: body.timing.engine.prompt_seconds,
    generation_seconds: body.timing.engine.generation_seconds,
    ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    request_id: expect.stringMatching(/^[\w.-]+$/),
  });
});

test('health says that it serves, where B is, and whether its model is ready', async () => {
  const { a, b, engine } = await startChain();
  await expectHealth(a, 200, {
    ok: true,
    service: 'a',
    remote_b: `${b.url}/invoke`,
    model_a: 'tinyllama',
    ready: true,
    simulated: true,
  });
  engine.signal('SIGKILL');
  await expectHealth(a, 200, { ok: true, ready: false, reason: expect.stringContaining('engine cannot be reached') });
});

test('validates as B does', async () => {
  const { a, engine } = await startChain();
  expect(await post(`${a.url}/chain`, { prompt: '😀'.repeat(999) })).toMatchObject({
    status: 400,
    body: { detail: 'prompt must be at least 1000 characters' },
  });
  expect(await post(`${a.url}/chain`, '{')).toMatchObject({ status: 400, body: { detail: 'body is not valid JSON' } });
  expect(await post(`${a.url}/chain`, `{"prompt": "${'x'.repeat(2 << 20)}"}`)).toMatchObject({ status: 413 });
  expect(await post(`${a.url}/invoke`, {})).toMatchObject({ status: 404 });
  const wrong = await request(`${a.url}/chain`, { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  // Nothing of this has reached a model.
  expect((await request(`${engine.url}/sim/stats`)).body.started).toBe(0);
});
