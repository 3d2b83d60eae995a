import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LocalFlags, localDeployFlags } from '../../../src/services/targets/local/flags.ts';
import { freePort } from '../../../src/services/targets/local/ports.ts';
import { localRequest, localRequestSchema } from '../../../src/services/targets/local/request.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import { BUNDLES, TestStack } from '../../support/local-stack.ts';
import { until } from '../../support/until.ts';

const KEY = 'sk-sentinel-0123456789';

let stack: TestStack;
let server: Server;
let url: string;
let folder: string;
let models: string[];
let key: string | undefined;
let ollama: string | undefined;
let bundles: string;

/** A service that is ready at once, and tells what it was told. */
const TELLER = `
import { createServer } from 'node:http';
const health = { ok: true, service: 'x', host: 'x', ready: true, in_flight: 0 };
createServer((incoming, outgoing) => {
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end(JSON.stringify(incoming.url === '/told' ? process.env : health));
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`;

beforeEach(async () => {
  stack = await TestStack.open();
  folder = await mkdtemp(join(tmpdir(), 'chainctl-openai-'));
  [models, key, ollama] = [['only'], undefined, undefined];
  // As much of a server of the open API as a deploy asks for.
  server = createServer(({ url: path, headers }, outgoing) => {
    if (path === '/api/version' && ollama !== undefined) return outgoing.end(JSON.stringify({ version: ollama }));
    const status =
      path !== '/v1/models' ? 404 : key !== undefined && headers.authorization !== `Bearer ${key}` ? 401 : 200;
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    return outgoing.end(JSON.stringify({ object: 'list', data: models.map((id) => ({ id })) }));
  });
  bundles = folder;
  for (const name of ['engine-sim', 'proxy']) await copyFile(join(BUNDLES, `${name}.mjs`), join(folder, `${name}.mjs`));
  for (const name of ['service-a', 'service-b']) await writeFile(join(folder, `${name}.mjs`), TELLER);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await stack.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const unnamed = { services: { a: {}, b: { minProcessSeconds: 0 } } };
const open = (more: object = {}) => ({ engine: 'openai' as const, replicas: 1, openai: { url: `${url}/v1`, ...more } });
const keyFile = async (content: string, mode = 0o600) => {
  const path = join(folder, 'key');
  await writeFile(path, content, { mode });
  return path;
};

describe('deploy local --engine openai', () => {
  it('takes the one model that there is, starts no engine, and keeps the key in one file of the stack', async () => {
    key = KEY;
    const first = { ...unnamed, ...open({ apiKeyFile: await keyFile(`${KEY}\n`) }) };
    const { endpoints } = await stack.deploy(first, { bundles });
    expect(Object.keys(await stack.running()).sort()).toEqual(['a', 'b-1', 'proxy']);
    const notes = stack.events.flatMap((event) => (event.type === 'note' ? event.text : []));
    expect(notes).toContain(`engine: the server at ${url}/v1 with only`);
    const secret = join(stack.paths.folder, 'secrets', 'engine-api-key');
    expect([await readFile(secret, 'utf8'), (await stat(secret)).mode & 0o777]).toEqual([KEY, 0o600]);
    const { OLLAMA_MODEL, ...told } = (await (await fetch(`${endpoints.b}/told`)).json()) as Record<string, string>;
    expect(OLLAMA_MODEL).toBe('only');
    expect(told).toMatchObject({ ENGINE: 'openai', ENGINE_URL: `${url}/v1`, ENGINE_API_KEY_FILE: secret });
    expect(Object.values(told).join()).not.toMatch(/sentinel|OLLAMA_URL/);
    // Neither in what is recorded, nor in what is said, nor in a log.
    expect(await readFile(stack.paths.state, 'utf8')).not.toContain('sentinel');
    expect(JSON.stringify(stack.events)).not.toContain('sentinel');
    for (const name of await readdir(stack.paths.logs))
      expect(await readFile(join(stack.paths.logs, name), 'utf8')).not.toContain('sentinel');
    // Another key is another service; none is none.
    key = `${KEY}x`;
    const next = await stack.deploy({ ...unnamed, ...open({ apiKeyFile: await keyFile(key) }) }, { bundles });
    expect(next.changes.find((each) => each.key === 'a')?.action).not.toBe('unchanged');
    key = undefined;
    await stack.deploy({ ...unnamed, ...open() }, { bundles });
    await expect(stat(secret)).rejects.toThrow('ENOENT');
  });

  it('brings a chain up that answers from such a server', async () => {
    const port = await freePort(new Set());
    const engine = spawn(process.execPath, [join(BUNDLES, 'engine-sim.mjs')], {
      env: { PORT: String(port), BIND_ADDRESS: '127.0.0.1', SIM_MODELS: 'only', SIM_OUTPUT_TOKENS_PER_SECOND: '1e6' },
      stdio: 'ignore',
    });
    try {
      const there = `http://127.0.0.1:${port}`;
      await until('the engine is there', async () => (await fetch(there)).ok);
      const { endpoints } = await stack.deploy({ ...unnamed, ...open(), openai: { url: there } });
      const body = JSON.stringify({ prompt: 'word '.repeat(250) });
      const answer = await fetch(`${endpoints.a}/chain`, { method: 'POST', body });
      const text = await answer.text();
      expect(answer.status, text).toBe(200);
      expect(JSON.parse(text)).toMatchObject({
        service: 'a',
        model_a: 'only:latest',
        b_result: { model: 'only:latest' },
      });
    } finally {
      engine.kill();
    }
  });

  it.each([
    ['several models and no name', () => (models = ['x', 'y']), 2, 'has 2 models: x, y'],
    ['none at all', () => (models = []), 3, 'lists no model'],
    ['none that answers', () => (models = ['nomic-embed-text']), 3, 'only models that embed or rank: nomic-embed-text'],
    ['a key that is missing', () => (key = KEY), 3, 'asks for an API key (status 401)'],
    ['a server that is none', () => (url = `${url}/elsewhere`), 3, 'answers 404, and not with a list of models'],
  ])('refuses %s before anything is started', async (_what, change, exit, message) => {
    change();
    await expect(stack.deploy({ ...unnamed, ...open() })).rejects.toMatchObject({
      exit,
      message: expect.stringContaining(message),
    });
    expect(await stack.running()).toEqual({});
  });

  it('refuses a model that the engine has not, and names those that it has', async () => {
    const services = { a: { model: 'only' }, b: { model: 'other' } };
    await expect(stack.deploy({ services, ...open() })).rejects.toMatchObject({
      exit: 3,
      message: expect.stringContaining('has no model other; it has only'),
    });
    // So does a plan, which without an engine is one of what is named.
    await expect(stack.deploy({ services, ...open() }, {}, { dryRun: true })).rejects.toMatchObject({
      code: 'no-model',
    });
    server.close();
    server.closeAllConnections();
    const { changes } = await stack.deploy({ services, ...open() }, {}, { dryRun: true });
    expect(changes.map((each) => each.key)).toContain('a');
    await expect(stack.deploy({ services, ...open() })).rejects.toMatchObject({ code: 'no-engine', exit: 3 });
  });

  it.each([
    ['tinyllama', ['tinyllama:latest', 'x'], 'did you mean: --model-a tinyllama:latest'],
    ['phi3:mni', ['x', 'phi3:mini'], 'did you mean: --model-a phi3:mini'],
    ['phi3', ['x', 'phi3:mini'], 'did you mean: --model-a phi3:mini'],
    ['Llama-3', ['x', 'meta/llama-3'], 'did you mean: --model-a meta/llama-3'],
    ['other', ['x', 'only'], 'choose one of them with --model-a'],
    ['gemma3', ['x', 'gemma3:270m', 'gemma3:1b'], 'choose one of them with --model-a'],
    ['gemma3:270', ['x', 'gemma3:270m', 'gemma3:1b'], 'did you mean: --model-a gemma3:270m'],
    ['gema3', ['x', 'gemma3:270m'], 'did you mean: --model-a gemma3:270m'],
  ])('says what was probably meant by %s where there are %j', async (model, listed, step) => {
    models = listed;
    const services = { a: { model }, b: { model: 'x' } };
    const { nextSteps } = await stack.deploy({ services, ...open() }).then(
      () => expect.unreachable('it is refused'),
      (error) => error,
    );
    expect(nextSteps[0]).toBe(step);
  });

  const steps = async (model: string) => {
    const pipeline = join(folder, 'chain.yaml');
    await writeFile(pipeline, `version: 1\nsteps:\n  one:\n    kind: generate\n    model: ${model}\n`);
    return { services: { a: { model: 'only', pipeline, otherModels: [model] }, b: { model: 'only' } }, ...open() };
  };

  it('names the step of a pipeline whose model is missing, and the line that says so', async () => {
    models = ['only', 'nomic-embed-text:latest'];
    const place = join(folder, 'chain.yaml:5:12');
    await expect(stack.deploy(await steps('nomic-embed-txt'))).rejects.toMatchObject({
      exit: 3,
      message: `${place}: step "one" wants the model nomic-embed-txt, which the engine at ${url}/v1 does not have; it has only, nomic-embed-text:latest`,
      nextSteps: [
        'did you mean "nomic-embed-text:latest"? then write that there',
        'load that model into the engine, or name one there that it has',
      ],
    });
    // A step's name goes to the engine as it stands, and there it has this tag.
    await stack.deploy(await steps('nomic-embed-text'), { bundles });
    expect(Object.keys(await stack.running())).toContain('a');
  });

  it('says that an Ollama is better asked as one, and how', async () => {
    const warnings = () =>
      stack.events.flatMap((event) => (event.type === 'note' && event.level === 'warn' ? event.text : []));
    await stack.deploy({ ...unnamed, ...open() }, { bundles });
    expect(warnings().join()).not.toContain('Ollama');
    ollama = '0.17.4';
    await stack.deploy({ ...unnamed, ...open() }, { bundles });
    expect(warnings().join()).toContain(
      `${url}/v1 is Ollama (0.17.4), whose /v1 cuts prompts that do not fit and says nothing of it; its own API refuses them. ` +
        `With your other flags: chainctl deploy local --engine ollama --engine-url ${url} --model-a only --model-b only`,
    );
  });

  it('refuses a key file that is open to others, is not there, or holds no key', async () => {
    const deploy = (path: string) => stack.deploy({ ...unnamed, ...open({ apiKeyFile: path }) });
    const path = await keyFile('two words');
    await expect(deploy(path)).rejects.toMatchObject({ code: 'api-key-invalid', exit: 3 });
    await expect(deploy(`${path}x`)).rejects.toMatchObject({ code: 'api-key-unreadable', exit: 3 });
    await rm(path);
    await expect(deploy(await keyFile(KEY, 0o644))).rejects.toMatchObject({ code: 'secret-open', exit: 3 });
  });
});

describe('what the flags ask for', () => {
  const SIM = { 'sim-output-tokens': 1, 'sim-prompt-tokens': 1, 'sim-parallel': 1 };
  const flags = (given: Partial<LocalFlags>) =>
    localRequest({ replicas: 1, engine: 'sim', ...SIM, ...given } as LocalFlags, SERVICES, {
      OLLAMA_HOST: '127.0.0.1:1',
    });

  it('is an engine with its address', () => {
    expect(flags({}).ollamaUrl).toBe('');
    expect(flags({ engine: 'ollama' }).ollamaUrl).toBe('http://127.0.0.1:1');
    expect(flags({ engine: 'ollama', 'engine-url': 'http://h:2/v1/' }).ollamaUrl).toBe('http://h:2');
    expect(flags({ engine: 'openai', 'engine-url': 'http://h:2/v1/' })).toMatchObject({
      openai: { url: 'http://h:2/v1' },
      services: { a: {}, b: { minProcessSeconds: 5 } },
    });
  });

  it.each([
    [{ engine: 'openai' }, '--engine openai needs the address'],
    [{ engine: 'openai', 'engine-url': 'http://h/v1?key=x' }, 'neither a "?" nor a "#"'],
  ] as const)('is refused: %o', (given, message) => {
    expect(() => flags(given)).toThrow(message);
  });

  it('never is a key itself', () => {
    expect(Object.keys(localDeployFlags).filter((name) => /key/.test(name))).toEqual(['engine-api-key-file']);
  });

  it('is read as an earlier version has recorded it', () => {
    const { openai: _, ...earlier } = flags({ engine: 'ollama' });
    expect(localRequestSchema.parse(JSON.parse(JSON.stringify(earlier)))).toMatchObject({ engine: 'ollama' });
  });
});
