import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLab, expectHealth, LONG_PROMPT, type Program, post, request, spawnProgram } from './lab.ts';

const lab = createLab();
const EXAMPLE = fileURLToPath(new URL('../../../templates/pipelines/retrieval/chain.yaml', import.meta.url));
const MODELS = { SIM_MODELS: 'tinyllama,phi3:mini,nomic-embed-text' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainctl-pipelines-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function written(text: string): string {
  const path = join(folder, 'chain.yaml');
  writeFileSync(path, text);
  return path;
}

async function startA(engine: Program, file: string, settings: Readonly<Record<string, string>> = {}) {
  const a = await lab.a(engine.url, 'http://127.0.0.1:9', {
    CHAIN_FILE: file,
    INDEX_DIR: join(folder, 'index'),
    ...settings,
  });
  await expectHealth(a, 200, { ready: true });
  return a;
}

const asked = (text: string) => ({ model: 'chain', messages: [{ role: 'user', content: text }] });

describe('the retrieval example', () => {
  it('finds the documents that answer, orders them, and answers by /chain and by a chat, streamed as well', async () => {
    const engine = await lab.engine(MODELS);
    const a = await startA(engine, EXAMPLE);
    const knee = `What is the knee, the highest rate that a chain sustains, and how is it searched for? ${LONG_PROMPT}`;
    const chain = await post(`${a.url}/chain`, { prompt: knee });
    expect(chain.status).toBe(200);
    expect(chain.body).toMatchObject({ service: 'a', a_summary: '', b_result: { service: 'b', model: 'tinyllama' } });
    expect(Object.keys(chain.body.timing.steps)).toEqual(['embed', 'retrieve', 'rerank', 'answer']);
    expect(chain.body.b_result.llm_text).not.toBe('');

    const chat = await post(`${a.url}/v1/chat/completions`, asked('the highest rate that a chain sustains, the knee'));
    expect(chat.status).toBe(200);
    const { steps } = chat.body.chainctl;
    expect(steps.map((step: { name: string }) => step.name)).toEqual(['embed', 'retrieve', 'rerank', 'answer']);
    expect(steps[2].text).toMatch(/^The knee is the highest rate that a chain sustains\./);
    expect(steps[2].text.split('\n\n')).toHaveLength(3);

    const streamed = await fetch(`${a.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...asked('the token'), stream: true }),
    });
    expect((await streamed.text()).trimEnd()).toMatch(/data: \[DONE\]$/);

    const lines = await fetch(`${a.url}/chain`, {
      method: 'POST',
      body: JSON.stringify({ prompt: knee, stream: true }),
    });
    const objects = (await lines.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const last = objects.pop();
    expect(last).toMatchObject({ done: true });
    expect(new Set(objects.map(({ hop }) => hop))).toEqual(new Set(['answer']));
    expect(objects.map(({ token }) => token).join('')).toBe(last.b_result.llm_text);
  });

  it('keeps its vectors over a restart, and goes on without a service that may be skipped', async () => {
    const engine = await lab.engine(MODELS);
    await startA(engine, EXAMPLE);
    expect(readdirSync(join(folder, 'index'))).toHaveLength(1);
    const again = await startA(engine, EXAMPLE);
    expect(again.stderr()).toContain('index retrieve: 12 parts, vectors as kept');
    await post(`${engine.url}/sim/faults`, { mode: 'error', count: 1, path: '/v1/rerank' });
    const { status, body } = await post(`${again.url}/v1/chat/completions`, asked('the knee'));
    expect(status).toBe(200);
    expect(body.chainctl.steps[2]).toMatchObject({
      name: 'rerank',
      error: expect.stringMatching(/^step rerank error: /),
    });
  });

  it('is not ready while its vectors do not come, says why, and is when they do', async () => {
    const engine = await lab.engine(MODELS);
    await post(`${engine.url}/sim/faults`, { mode: 'error', count: 1, path: '/api/embed' });
    const a = await lab.a(engine.url, 'http://127.0.0.1:9', { CHAIN_FILE: EXAMPLE, INDEX_DIR: join(folder, 'index') });
    await expect
      .poll(() => a.stderr())
      .toMatch(/index retrieve: attempt 1 failed: step embed error: .*; next attempt in 1 s/);
    const { status, body } = await request(`${a.url}/ready`);
    // It may have come meanwhile.
    if (status === 503)
      expect(body).toMatchObject({ status: 'not ready', reason: expect.stringContaining('index retrieve') });
    await expectHealth(a, 200, { ready: true });
  });
});

describe('a pipeline', () => {
  it('that is wrong ends the service with 2 and one line that names the place', async () => {
    const child = spawnProgram('service-a', {
      CHAIN_FILE: written(
        'version: 1\nsteps:\n  rerank: { kind: join, text: a, needs: [retrive] }\n  retrieve: { kind: join, text: b }\n',
      ),
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(2);
    expect(said).toBe(
      `service-a: ${join(folder, 'chain.yaml')}:3:42: step "rerank" needs "retrive", which does not exist; did you mean "retrieve"?\n`,
    );
  });

  it('of independent steps and several services is one answer, with what was carried in a file', async () => {
    const engine = await lab.engine(MODELS);
    const b = await lab.b(engine.url);
    const variables = join(folder, 'variables.json');
    writeFileSync(variables, JSON.stringify({ B: b.url }));
    const file = written(`version: 1
name: fan
steps:
  short: { kind: generate, prompt: "In short: {{ input.text | first 300 }}", max_tokens: 5 }
  long: { kind: invoke, url: "\${B}/invoke", prompt: "{{ input.text }}" }
  last: { kind: join, text: "{{ steps.short.text }}|{{ steps.long.json.host }}" }
`);
    const a = await startA(engine, file, { CHAIN_VARIABLES_FILE: variables });
    const { status, body } = await post(`${a.url}/chain`, { prompt: LONG_PROMPT });
    expect(status).toBe(200);
    expect(body.b_result.llm_text).toBe(`${body.a_summary}|b-1`);
    expect(body.a_summary).not.toBe('');
  });

  it('whose step fails is 502 by that step, in the log too', async () => {
    const engine = await lab.engine(MODELS);
    const log = join(folder, 'a.jsonl');
    const file = written(
      'version: 1\nsteps:\n  ask: { kind: raw, url: "http://127.0.0.1:9/x", body: { q: "{{ input.text }}" } }\n',
    );
    const a = await startA(engine, file, { LOG_PATH: log });
    const { status, body } = await post(`${a.url}/chain`, { prompt: LONG_PROMPT });
    expect(status).toBe(502);
    expect(body.detail).toMatch(/^step ask error: /);
    await expect.poll(() => readFileSync(log, 'utf8')).toMatch(/"status":502,"stage":"ask","error":"step ask error: /);
    const chat = await post(`${a.url}/v1/chat/completions`, asked('hello'));
    expect(chat.status).toBe(503);
    expect(chat.body.error).toMatchObject({
      type: 'server_error',
      code: 'engine_unavailable',
      message: expect.stringMatching(/^step ask error: /),
    });
  });
});
