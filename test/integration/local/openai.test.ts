import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LocalFlags, localDeployFlags } from '../../../src/services/targets/local/flags.ts';
import { localRequest, localRequestSchema } from '../../../src/services/targets/local/request.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import { TestStack } from '../../support/local-stack.ts';

const KEY = 'sk-sentinel-0123456789';

let stack: TestStack;
let server: Server;
let url: string;
let folder: string;
let models: string[];
let key: string | undefined;
let asked: { path: string; authorization: string | undefined }[];

/** As much of a server of the open API as a deploy and its services ask for. */
async function answer(incoming: IncomingMessage): Promise<[status: number, body: unknown]> {
  const body = await text(incoming);
  const { authorization } = incoming.headers;
  asked.push({ path: incoming.url ?? '', authorization });
  if (key !== undefined && authorization !== `Bearer ${key}`) return [401, { error: { message: 'no', code: '' } }];
  if (incoming.url === '/v1/models') return [200, { object: 'list', data: models.map((id) => ({ id })) }];
  if (incoming.url !== '/v1/chat/completions') return [404, { error: { message: 'no such path' } }];
  const { model } = JSON.parse(body) as { model: string };
  const choices = [{ index: 0, message: { role: 'assistant', content: `said ${model}` }, finish_reason: 'stop' }];
  return [200, { id: 'x', object: 'chat.completion', created: 1, model, choices, usage: { prompt_tokens: 1 } }];
}

beforeEach(async () => {
  stack = await TestStack.open();
  folder = await mkdtemp(join(tmpdir(), 'chainctl-openai-'));
  [models, key, asked] = [['only'], undefined, []];
  server = createServer((incoming, outgoing) => {
    void answer(incoming).then(([status, body]) => {
      outgoing.writeHead(status, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify(body));
    });
  });
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
    const { endpoints } = await stack.deploy({ ...unnamed, ...open({ apiKeyFile: await keyFile(`${KEY}\n`) }) });
    expect(Object.keys(await stack.running()).sort()).toEqual(['a', 'b-1', 'proxy']);
    const notes = stack.events.flatMap((event) => (event.type === 'note' ? event.text : []));
    expect(notes).toContain(`engine: the server at ${url}/v1 with only`);
    const secret = join(stack.paths.folder, 'secrets', 'engine-api-key');
    expect([await readFile(secret, 'utf8'), (await stat(secret)).mode & 0o777]).toEqual([KEY, 0o600]);
    const body = JSON.stringify({ prompt: 'word '.repeat(250) });
    const answered = await fetch(`${endpoints.a}/chain`, { method: 'POST', body });
    expect(answered.status, await answered.clone().text()).toBe(200);
    expect(await answered.json()).toMatchObject({ a_summary: 'said only', b_result: { llm_text: 'said only' } });
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${KEY}`]));
    // Neither in what is recorded, nor in what is said, nor in a log.
    expect(await readFile(stack.paths.state, 'utf8')).not.toContain('sentinel');
    expect(JSON.stringify(stack.events)).not.toContain('sentinel');
    for (const name of await readdir(stack.paths.logs))
      expect(await readFile(join(stack.paths.logs, name), 'utf8')).not.toContain('sentinel');
    // Another key is another service; none is none.
    key = `${KEY}x`;
    const next = await stack.deploy({ ...unnamed, ...open({ apiKeyFile: await keyFile(key) }) });
    expect(next.changes.find((each) => each.key === 'a')?.action).not.toBe('unchanged');
    key = undefined;
    await stack.deploy({ ...unnamed, ...open() });
    await expect(stat(secret)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['several models and no name', () => (models = ['x', 'y']), 2, 'has several models or none: x, y'],
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
    // A plan of what is named needs no engine.
    server.close();
    server.closeAllConnections();
    const { changes } = await stack.deploy({ services, ...open() }, {}, { dryRun: true });
    expect(changes.map((each) => each.key)).toContain('a');
    await expect(stack.deploy({ services, ...open() })).rejects.toMatchObject({ code: 'no-engine', exit: 3 });
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
  const flags = (given: Partial<LocalFlags>) =>
    localRequest({ replicas: 1, engine: 'sim', ...given } as LocalFlags, SERVICES, { OLLAMA_HOST: '127.0.0.1:1' });

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
    [{ 'engine-url': 'http://h' }, '--engine-url is for an engine that runs already'],
    [{ engine: 'ollama', 'engine-api-key-file': 'x' }, '--engine-api-key-file is for --engine openai'],
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
