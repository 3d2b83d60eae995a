import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import { ollamaUrl } from '../../../src/services/targets/local/ollama.ts';
import { freePort } from '../../../src/services/targets/local/ports.ts';
import { BUNDLES, TestStack } from '../../support/local-stack.ts';

let stack: TestStack;
let engine: ChildProcess | undefined;
let url: string;

beforeEach(async () => {
  stack = await TestStack.open();
  const port = await freePort(new Set());
  url = `http://127.0.0.1:${port}`;
});
afterEach(async () => {
  await stack.close();
  engine?.kill();
  engine = undefined;
});

/** A server with Ollama's API that has only one of the two models. */
async function startEngine() {
  engine = spawn(process.execPath, [join(BUNDLES, 'engine-sim.mjs')], {
    env: { PORT: new URL(url).port, BIND_ADDRESS: '127.0.0.1', SIM_MODELS: 'tinyllama', SIM_PULL_SECONDS: '0.3' },
    stdio: 'ignore',
  });
  await expect
    .poll(
      () =>
        fetch(url).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 10_000 },
    )
    .toBe(200);
}

describe('deploy local --engine ollama', () => {
  it('pulls what is missing with progress, and starts no engine of its own', async () => {
    await startEngine();
    const { endpoints } = await stack.deploy({ engine: 'ollama', ollamaUrl: url, replicas: 1 });
    expect(Object.keys(await stack.running()).sort()).toEqual(['a', 'b-1', 'proxy']);
    const progress = stack.events.filter((event) => event.type === 'progress');
    expect(progress.every(({ key }) => key === 'model phi3:mini')).toBe(true);
    expect(progress.some(({ done, total }) => total > 0 && done > 0 && done <= total)).toBe(true);
    expect((await fetch(`${endpoints.b}/health`)).status).toBe(200);
    await stack.teardown();
    expect((await fetch(url)).status).toBe(200);
  });

  it('asks the engine whether two names are one file', async () => {
    const files: Record<string, string> = { 'x:1': 'a'.repeat(64), y: 'a'.repeat(64), z: 'b'.repeat(64) };
    const ollama = createServer(async (incoming, outgoing) => {
      if (incoming.method === 'GET') {
        const models = Object.keys(files).map((name) => ({ name }));
        outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ models }));
        return;
      }
      const { model } = JSON.parse(await text(incoming)) as { model: string };
      const digest = files[model];
      outgoing.writeHead(digest === undefined ? 404 : 200, { 'content-type': 'application/json' });
      outgoing.end(
        JSON.stringify(
          digest === undefined
            ? { error: `model '${model}' not found` }
            : { modelfile: `# Modelfile\nFROM /models/blobs/sha256-${digest}\n`, parameters: '' },
        ),
      );
    }).listen(Number(new URL(url).port), '127.0.0.1');
    try {
      const plan = async (modelB: string, numCtx?: { a: number; b: number }) => {
        stack.events.length = 0;
        const of = (service: 'a' | 'b', model: string) => ({
          model,
          ...(numCtx === undefined ? {} : { tuning: { numCtx: numCtx[service] } }),
        });
        const services = { a: of('a', 'x:1'), b: of('b', modelB) };
        await stack.deploy({ engine: 'ollama', ollamaUrl: url, services }, {}, { dryRun: true });
        return stack.events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
      };
      expect(await plan('y')).toEqual([
        expect.stringMatching(/^x:1 and y are the same file: .* both get 1024 tokens$/),
        `engine: Ollama at ${url} with x:1 and y`,
      ]);
      expect(await plan('z')).toEqual([`engine: Ollama at ${url} with x:1 and z`]);
      expect(await plan('not-pulled-yet')).toEqual([
        `engine: Ollama at ${url} with x:1 and not-pulled-yet`,
        'Ollama pulls not-pulled-yet first, which it does not have',
      ]);
      await expect(plan('y', { a: 512, b: 4096 })).rejects.toMatchObject({ code: 'one-model-two-contexts', exit: 2 });
    } finally {
      ollama.closeAllConnections();
      ollama.close();
    }
  });

  it('says what to do when none runs', async () => {
    await expect(stack.deploy({ engine: 'ollama', ollamaUrl: url })).rejects.toMatchObject({
      code: 'no-ollama',
      exit: ExitCode.configuration,
      message: expect.stringContaining(url),
      nextSteps: expect.arrayContaining([expect.stringContaining('ollama serve')]),
    });
    expect(await stack.running()).toEqual({});
  });

  it.each([
    [undefined, 'http://127.0.0.1:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['box:1234', 'http://box:1234'],
    ['box', 'http://box:11434'],
    ['https://box', 'https://box'],
    ['http://0.0.0.0:8000/', 'http://127.0.0.1:8000'],
  ])('reads OLLAMA_HOST %s as %s', (given, expected) => {
    expect(ollamaUrl(given)).toBe(expected);
  });
});
