import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { chunk, events, json, ScriptedEngine } from '../../../support/scripted-engine.ts';
import { createLab, expectEngine, expectHealth, LONG_PROMPT, post, request, spawnProgram } from '../lab.ts';

const lab = createLab();

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A port on which nobody listens, until somebody is started there. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Speaks OpenAI's API as a llama-server does: its model, and answers of two words. */
async function llamaServer() {
  const state = { isLoading: false };
  const usage = { prompt_tokens: 5, completion_tokens: 2 };
  const server = await ScriptedEngine.open(({ path, body }, response) => {
    if (path === '/health') json(response, state.isLoading ? 503 : 200, {});
    else if (path === '/v1/models') json(response, 200, { data: [{ id: 'f.gguf', owned_by: 'llamacpp' }] });
    else if (path !== '/v1/chat/completions') json(response, 404, { error: { message: 'File Not Found' } });
    else if (body.stream !== true) {
      json(response, 200, { choices: [{ message: { content: 'two words' }, finish_reason: 'stop' }], usage });
    } else {
      events(response, chunk({ content: 'two' }), chunk({ content: ' words' }), chunk({}, 'stop'), {
        choices: [],
        usage,
      });
      events(response, '[DONE]');
      response.end();
    }
  });
  open.push(() => server.close());
  return { server, state };
}

describe('without an engine', () => {
  const FAST = { CONNECTION_RETRY_DELAY: '0.05' };

  test('a service serves, says on stderr what fails, and is ready when the engine comes', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const b = await lab.b(url, FAST);
    await expectHealth(b, 503, { ok: false, reason: expect.stringMatching(/^engine cannot be reached: /) });
    await expect
      .poll(() => b.stderr())
      .toContain(`service-b: engine ${url}: not reachable after 3 attempts, still trying\n`);
    const lines = b.stderr().split('\n');
    expect(lines.filter((line) => line.includes('attempt'))).toEqual([
      expect.stringMatching(
        /^service-b: engine http:\S+: attempt 1 of 3 failed: engine cannot be reached: .*; next in 0\.0\d s$/,
      ),
      expect.stringMatching(
        /^service-b: engine http:\S+: attempt 2 of 3 failed: engine cannot be reached: .*; next in 0\.\d+ s$/,
      ),
      expect.stringMatching(/^service-b: engine http:\S+: attempt 3 of 3 failed: engine cannot be reached: [^;]*$/),
      `service-b: engine ${url}: not reachable after 3 attempts, still trying`,
    ]);
    await lab.engine({ PORT: String(port) });
    await expectHealth(b, 200, { ok: true });
    await expect.poll(() => b.stderr()).toMatch(/: reached with attempt \d+\n/);
  });

  test('EXIT_WITHOUT_ENGINE ends it with 1 after the last attempt', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const settings = { ...FAST, ENGINE_URL: url, EXIT_WITHOUT_ENGINE: 'true', CONNECTION_RETRY_COUNT: '2' };
    const child = spawnProgram('service-a', settings);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(stderr).toContain(`service-a: engine ${url}: not reachable after 2 attempts, exiting\n`);
  });

  test('a setting that is none ends it with 2', async () => {
    const child = spawnProgram('service-b', { ENGINE: 'vllm' });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
    expect(stderr).toBe('service-b: ENGINE: "vllm" is neither "ollama" nor "openai"\n');
  });
});

describe('with Ollama', () => {
  test('what it lacks is pulled, loaded, and ready', async () => {
    const engine = await lab.engine({ SIM_MODELS: '', SIM_PULL_SECONDS: '0.6', SIM_LOAD_SECONDS: '0.2' });
    const b = await lab.b(engine.url);
    await expectHealth(b, 503, { ok: false, reason: expect.stringMatching(/^engine is pulling model phi3:mini/) });
    await expectHealth(b, 200, { ok: true });
    expect(b.stderr()).toContain(`engine ${engine.url}: pulling model phi3:mini\n`);
    expect((await request(`${engine.url}/api/tags`)).body.models).toMatchObject([{ name: 'phi3:mini' }]);
  });
});

describe('two services on one Ollama', () => {
  test('a chat of one has the model loaded for both: neither loads it back', async () => {
    const engine = await lab.engine({ SIM_LOAD_SECONDS: '0.1' });
    const one = await lab.b(engine.url);
    const other = await lab.b(engine.url);
    await expectHealth(one, 200, { ok: true });
    await expectHealth(other, 200, { ok: true });
    const context = async () => (await request(`${engine.url}/api/ps`)).body.models[0]?.context_length;
    expect(await context()).toBe(1024);
    const messages = [{ role: 'user', content: 'Hello!' }];
    expect((await post(`${one.url}/v1/chat/completions`, { messages })).status).toBe(200);
    const contextAfter = async ({ url }: { url: string }) => {
      expect((await post(`${url}/invoke`, { prompt: LONG_PROMPT })).status).toBe(200);
      return context();
    };
    // The other one sees it when its health is asked for, at most once a second, and asks for the same from then on.
    const seen = async () => {
      const before = await contextAfter(one);
      await request(`${other.url}/health`);
      return [before, await contextAfter(other)];
    };
    await expect.poll(seen, { timeout: 15_000, interval: 100 }).toEqual([4096, 4096]);
    const loads = async () => (await request(`${engine.url}/sim/stats`)).body.loads;
    const before = await loads();
    for (const service of [one, other, one]) expect(await contextAfter(service)).toBe(4096);
    expect(await loads()).toBe(before);
    await expectHealth(one, 200, { ok: true });
    await expectHealth(other, 200, { ok: true });
  });
});

describe('with an OpenAI-compatible engine', () => {
  test('the chain answers with every field of before; without a name the models are the first that is listed', async () => {
    const { server } = await llamaServer();
    const settings = { ENGINE: 'openai', ENGINE_URL: `${server.url}/v1`, ENGINE_API_KEY: 'the-key' };
    const b = await lab.b('', settings);
    const a = await lab.a('', b.url, settings);
    await expectHealth(b, 200, { ok: true, model: 'f.gguf', simulated: false });
    await expectHealth(a, 200, { ok: true, ready: true, model_a: 'f.gguf' });
    const { status, body } = await post(`${a.url}/chain`, { prompt: LONG_PROMPT });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      model_a: 'f.gguf',
      a_summary: 'two words',
      usage: { prompt_eval_count: 5, eval_count: 2 },
      b_result: { model: 'f.gguf', llm_text: 'two words', usage: { prompt_eval_count: 5, eval_count: 2 } },
    });
    expect(server.asked.every(({ headers }) => headers.authorization === 'Bearer the-key')).toBe(true);
    const prompts = server.asked.filter(({ body }) => body?.max_tokens > 1);
    expect(prompts.map(({ body }) => [body.max_tokens, body.messages.length])).toEqual([
      [20, 1],
      [40, 1],
    ]);
  });

  test('it is ready when the engine has loaded its model', async () => {
    const { server, state } = await llamaServer();
    state.isLoading = true;
    const b = await lab.b('', { ENGINE: 'openai', ENGINE_URL: server.url, OLLAMA_MODEL: 'f.gguf' });
    await expectHealth(b, 503, { ok: false, reason: 'engine is loading model f.gguf' });
    state.isLoading = false;
    await expectHealth(b, 200, { ok: true });
  });

  test('failures keep the texts of the contract', async () => {
    const { server } = await llamaServer();
    const b = await lab.b('', { ENGINE: 'openai', ENGINE_URL: server.url, OLLAMA_MODEL: 'f.gguf' });
    await expectHealth(b, 200, { ok: true });
    server.script = (_asked, response) => json(response, 500, { error: { message: 'out of memory' } });
    const reply = await post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
    expect(reply).toMatchObject({ status: 502, body: { detail: 'ollama error: out of memory' } });
  });

  test('the simulated engine’s own /v1 serves A and B', async () => {
    const engine = await lab.engine();
    const settings = { ENGINE: 'openai', ENGINE_URL: engine.url };
    const b = await lab.b('', { ...settings, OLLAMA_MODEL: 'phi3:mini' });
    await expectHealth(b, 200, { ok: true, simulated: true });
    const { status, body } = await post(`${b.url}/invoke`, { prompt: LONG_PROMPT });
    expect(status).toBe(200);
    expect(body).toMatchObject({ model: 'phi3:mini', usage: { eval_count: 40 }, simulated: true });
    await expectEngine(engine, { active: 0, queued: 0 });
  });
});
