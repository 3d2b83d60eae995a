import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExitCode } from '../../../src/errors.ts';
import { readEndpoints } from '../../../src/services/stack/endpoints.ts';
import { BUNDLES, TestStack } from '../../support/local-stack.ts';

let stack: TestStack;
beforeEach(async () => {
  stack = await TestStack.open();
});
afterEach(() => stack.close());

const PROMPT = JSON.stringify({ prompt: 'word '.repeat(250) });
const post = (url: string) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: PROMPT });
const actionsOf = (changes: readonly { key: string; action: string }[]) =>
  Object.fromEntries(changes.map(({ key, action }) => [key, action]));

/** The services of a request, with these settings of A and B on top. */
const of = (a: object, b: object) => ({
  a: { model: 'tinyllama', ...a },
  b: { model: 'phi3:mini', minProcessSeconds: 0, ...b },
});

describe('deploy local', () => {
  it('brings up a chain that answers, with an identity for every replica', async () => {
    const { endpoints, simulated } = await stack.deploy();
    expect(simulated).toBe(true);
    const answer = (await (await post(`${endpoints.a}/chain`)).json()) as {
      b_result: { host: string; simulated: boolean };
    };
    expect(answer.b_result.simulated).toBe(true);
    const hosts = new Set<string>();
    for (let i = 0; i < 4; i += 1) {
      hosts.add(((await (await fetch(`${endpoints.b}/health`)).json()) as { host: string }).host);
    }
    expect([...hosts].sort()).toEqual(['b-1', 'b-2']);
    expect(await readEndpoints(stack.paths)).toEqual({
      urls: endpoints,
      on: { a: 'local', b: 'local' },
      minProcessSeconds: 0,
    });
  });

  it('changes nothing the second time, and only what differs the third', async () => {
    await stack.deploy();
    const before = await stack.running();
    expect(new Set(Object.values(actionsOf((await stack.deploy()).changes)))).toEqual(new Set(['unchanged']));
    expect(await stack.running()).toEqual(before);

    const { changes, endpoints } = await stack.deploy({ replicas: 3 });
    expect(actionsOf(changes)).toEqual({
      engine: 'unchanged',
      'b-1': 'unchanged',
      'b-2': 'unchanged',
      'b-3': 'create',
      proxy: 'replace',
      a: 'unchanged',
    });
    const after = await stack.running();
    expect({ ...after, proxy: 0, 'b-3': 0 }).toEqual({ ...before, proxy: 0, 'b-3': 0 });
    expect((await post(`${endpoints.a}/chain`)).status).toBe(200);

    expect(actionsOf((await stack.deploy({ replicas: 1 })).changes)).toMatchObject({
      'b-2': 'remove',
      'b-3': 'remove',
      a: 'unchanged',
    });
    expect(Object.keys(await stack.running()).sort()).toEqual(['a', 'b-1', 'engine', 'proxy']);
  });

  it('runs a pipeline, and replaces A alone when its documents have changed', async () => {
    const folder = join(stack.paths.folder, '..', 'mine');
    await cp(new URL('../../../templates/pipelines/retrieval/', import.meta.url), folder, { recursive: true });
    const pipeline = join(folder, 'chain.yaml');
    const services = of({ pipeline, otherModels: ['nomic-embed-text'] }, {});
    const { endpoints } = await stack.deploy({ services, replicas: 1 });
    const answer = (await (await post(`${endpoints.a}/chain`)).json()) as { steps: { name: string }[] };
    expect(answer.steps.map(({ name }) => name)).toEqual(['embed', 'retrieve', 'rerank', 'answer']);
    const again = await stack.deploy({ services, replicas: 1 });
    expect(new Set(Object.values(actionsOf(again.changes)))).toEqual(new Set(['unchanged']));

    await writeFile(join(folder, 'docs.jsonl'), '{"text":"Nothing but this."}\n');
    const { changes } = await stack.deploy({ services, replicas: 1 });
    expect(actionsOf(changes)).toEqual({ engine: 'unchanged', 'b-1': 'unchanged', proxy: 'unchanged', a: 'replace' });

    await writeFile(pipeline, 'version: 2\n');
    await expect(stack.deploy({ services, replicas: 1 })).rejects.toMatchObject({
      exit: ExitCode.usage,
      message: `${pipeline}:1:10: version must be 1`,
    });
    expect(Object.keys(await stack.running()).sort()).toEqual(['a', 'b-1', 'engine', 'proxy']);
    await stack.teardown();
    await expect(access(join(stack.paths.folder, 'secrets'))).rejects.toThrow();
  });

  it('sets variables of services, shows a change of them, and unsets what is no longer asked for', async () => {
    const secret = join(stack.paths.folder, '..', '..', 'history-url');
    await writeFile(secret, 'postgres://user:sentinel@127.0.0.1:1/none\n', { mode: 0o600 });
    const set = { CORS_ORIGINS: 'https://x.example', MODELS: 'tinyllama' };
    const services = of({ set, secretFiles: { HISTORY_URL: secret } }, {});
    const { endpoints } = await stack.deploy({ services, replicas: 1 });
    const ask = (path: string) => fetch(`${endpoints.a}${path}`, { headers: { origin: 'https://x.example' } });
    const models = await ask('/v1/models');
    expect(models.headers.get('access-control-allow-origin')).toBe('https://x.example');
    expect(((await models.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual([
      'chain',
      'tinyllama',
    ]);
    // Nothing listens there: it is asked, and not the file.
    expect(await (await fetch(`${endpoints.a}/v1/conversations`)).json()).toMatchObject({
      error: { code: 'history_unavailable' },
    });
    for (const shown of [await readFile(stack.paths.state, 'utf8'), JSON.stringify(await stack.status())]) {
      expect(shown).not.toContain('sentinel');
    }

    const same = await stack.deploy({ services, replicas: 1 });
    expect(new Set(Object.values(actionsOf(same.changes)))).toEqual(new Set(['unchanged']));
    await writeFile(secret, 'postgres://user:another@127.0.0.1:1/none\n');
    const other = await stack.deploy({ services, replicas: 1 });
    expect(actionsOf(other.changes)).toMatchObject({ a: 'replace', 'b-1': 'unchanged' });

    const off = await stack.deploy({ services: of({ set: { HISTORY: 'off' } }, {}), replicas: 1 });
    const { action, reason } = off.changes.find(({ key }) => key === 'a') ?? {};
    expect(action).toBe('replace');
    expect(reason).toContain('env.CORS_ORIGINS: https://x.example -> unset');
    expect((await fetch(`${endpoints.a}/v1/conversations`)).status).toBe(404);
    const bare = await stack.deploy({ services: of({}, {}), replicas: 1 });
    expect(bare.changes.find(({ key }) => key === 'a')?.reason).toBe('env.HISTORY: off -> unset');
    const secrets = join(stack.paths.folder, 'secrets');
    expect((await readdir(secrets).catch(() => [])).filter((name) => name.startsWith('files-'))).toEqual([]);
    expect((await fetch(`${endpoints.a}/v1/conversations`)).status).toBe(200);
    expect((await ask('/v1/models')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('starts again what has died, on its old port, and status says what is missing', async () => {
    await stack.deploy();
    const before = await stack.running();
    process.kill(before['b-1'] as number, 'SIGKILL');
    await expect.poll(async () => 'b-1' in (await stack.running())).toBe(false);
    const status = await stack.status();
    expect(status?.healthy).toBe(false);
    expect(status?.resources.find(({ key }) => key === 'b-1')).toMatchObject({ state: 'gone' });
    const { changes } = await stack.deploy();
    expect(changes.find(({ key }) => key === 'b-1')).toMatchObject({
      action: 'create',
      reason: 'was deployed, but is gone',
    });
    expect(changes.filter(({ action }) => action !== 'unchanged')).toHaveLength(1);
    expect((await stack.status())?.healthy).toBe(true);
  });

  it('replaces only the service that is to work in another way', async () => {
    await stack.deploy();
    const { changes } = await stack.deploy({ services: of({ tuning: { numPredict: 5, promptChars: 100 } }, {}) });
    expect(changes.filter(({ action }) => action !== 'unchanged')).toEqual([
      {
        key: 'a',
        action: 'replace',
        reason: 'env.NUM_PREDICT: unset -> 5, env.PROMPT_CHARS: unset -> 100',
      },
    ]);
    const { endpoints } = await stack.deploy({ services: of({ tuning: { numPredict: 5, promptChars: 100 } }, {}) });
    const answer = (await (await post(`${endpoints.a}/chain`)).json()) as { usage: { eval_count: number } };
    expect(answer.usage.eval_count).toBeLessThanOrEqual(5);
  });

  it('gives services as many places as the engine has slots, and one model for both hops one context', async () => {
    await stack.deploy({ services: of({ model: 'tinyllama:latest' }, { model: 'tinyllama' }), replicas: 1 });
    const { resources } = JSON.parse(await readFile(stack.paths.state, 'utf8')).targets.local;
    const settings = ({ spec }: { spec: { env: Record<string, string> } }) => [
      spec.env.MAX_CONCURRENCY,
      spec.env.NUM_CTX,
    ];
    expect(settings(resources.a)).toEqual(['4', '1024']);
    expect(settings(resources['b-1'])).toEqual(['4', '1024']);
    expect(resources.engine.spec.env).toMatchObject({ OLLAMA_NUM_PARALLEL: '4' });
    expect(stack.events).toContainEqual({
      type: 'note',
      level: 'info',
      text: expect.stringContaining('both get 1024 tokens'),
    });
  });

  it('finds what runs when the state file is lost', async () => {
    await stack.deploy();
    const before = await stack.running();
    await rm(stack.paths.state);
    expect(new Set(Object.values(actionsOf((await stack.deploy()).changes)))).toEqual(new Set(['unchanged']));
    expect(await stack.running()).toEqual(before);
  });

  it('refuses a port in use before anything is started, and names who has it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const failure = stack.deploy({ ports: { a: port } });
    await expect(failure).rejects.toMatchObject({
      code: 'port-in-use',
      exit: ExitCode.configuration,
      message: expect.stringMatching(
        new RegExp(`port ${port}, wanted for a, is already in use by pid ${process.pid} `),
      ),
      nextSteps: expect.arrayContaining([expect.stringContaining('--port-a')]),
    });
    expect(await stack.running()).toEqual({});
    server.close();
  });

  it('shows the last words of a service that dies at once, and continues from there', async () => {
    const bundles = join(stack.paths.folder, '..', '..', 'bundles');
    await cp(BUNDLES, bundles, { recursive: true });
    await stack.deploy({ replicas: 1 });
    await stack.teardown();
    await writeFile(join(bundles, 'service-b.mjs'), 'console.error("no such thing as a b"); process.exit(3);\n');
    await expect(stack.deploy({}, { bundles })).rejects.toMatchObject({
      code: 'process-died',
      exit: ExitCode.unhealthy,
      message: expect.stringContaining('no such thing as a b'),
    });
    expect(Object.keys(await stack.running())).toEqual(['engine']);
    await cp(join(BUNDLES, 'service-b.mjs'), join(bundles, 'service-b.mjs'));
    const { changes } = await stack.deploy({}, { bundles });
    expect(actionsOf(changes)).toMatchObject({ engine: 'unchanged', 'b-1': 'create' });
  });

  it('leaves a damaged state file as it is and says so', async () => {
    await stack.deploy();
    await writeFile(stack.paths.state, '{"version":1,');
    await expect(stack.deploy()).rejects.toMatchObject({ code: 'state-corrupt', exit: ExitCode.configuration });
    await expect(stack.teardown()).rejects.toMatchObject({ code: 'state-corrupt' });
    expect(await readFile(stack.paths.state, 'utf8')).toBe('{"version":1,');
    await rm(stack.paths.state);
    expect((await stack.teardown()).removed).toHaveLength(5);
  });

  it('stops between steps when it is aborted; the next run goes on', async () => {
    const deps = {
      emit: (event: { type: string; key?: string }) => {
        if (event.type === 'step-done' && event.key === 'engine') stack.abort.abort(new Error('Ctrl-C'));
      },
    };
    await expect(stack.deploy({}, deps)).rejects.toThrow('Ctrl-C');
    expect(Object.keys(await stack.running())).toEqual(['engine']);
    expect(actionsOf((await stack.deploy({}, { signal: new AbortController().signal })).changes).engine).toBe(
      'unchanged',
    );
  });
});

describe('teardown local', () => {
  it('stops everything, verifies, and has nothing to do the second time', async () => {
    await stack.deploy();
    expect(await stack.teardown()).toEqual({
      target: 'local',
      removed: ['a', 'b-1', 'b-2', 'engine', 'proxy'],
      leftovers: [],
    });
    expect(await stack.running()).toEqual({});
    expect((await stack.teardown()).removed).toEqual([]);
    expect(await stack.status()).toBeUndefined();
  });

  it('finds processes of a stack whose folder is gone, and refuses a stack of which nothing is left', async () => {
    await stack.deploy({ replicas: 1 });
    await rm(stack.paths.folder, { recursive: true });
    expect((await stack.teardown()).removed).toEqual(['a', 'b-1', 'engine', 'proxy']);
    await rm(stack.paths.folder, { recursive: true });
    await expect(stack.teardown()).rejects.toMatchObject({ code: 'no-such-stack', exit: ExitCode.usage });
    await expect(access(stack.paths.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends a chain that is in flight before it stops anything that the chain needs', async () => {
    // An answer of B takes seconds: more than a service that does not wait has.
    const sim = { outputTokensPerSecond: 8, promptTokensPerSecond: 1_000_000, parallel: 1 };
    const { endpoints } = await stack.deploy({ replicas: 1, sim });
    const answer = post(`${endpoints.a}/chain`).then(({ status }) => status);
    await expect
      .poll(async () => ((await (await fetch(`${endpoints.a}/health`)).json()) as { in_flight: number }).in_flight)
      .toBe(2);
    const { leftovers } = await stack.teardown();
    expect(leftovers).toEqual([]);
    expect(await answer).toBe(200);
    expect(stack.events).toContainEqual({
      type: 'step-waiting',
      key: 'a',
      action: 'remove',
      reason: '1 request in flight: waits up to 180 s',
    });
    const removed = stack.events.flatMap((event) =>
      event.type === 'step-done' && event.action === 'remove' ? [event.key] : [],
    );
    expect(removed).toEqual(['a', 'proxy', 'b-1', 'engine']);
  });

  it.each([
    ['goes on waiting where a teardown was killed', 'killed'],
    ['does not wait where an operator has interrupted one', 'interrupted'],
  ])('%s', async (_, earlier) => {
    // A chain that takes seconds, and one that would take minutes.
    const outputTokensPerSecond = earlier === 'killed' ? 8 : 0.2;
    const sim = { outputTokensPerSecond, promptTokensPerSecond: 1_000_000, parallel: 1 };
    const { endpoints } = await stack.deploy({ replicas: 1, sim });
    const answer = post(`${endpoints.a}/chain`).then(
      ({ status }) => status,
      () => 'cut off',
    );
    const health = async () => (await (await fetch(`${endpoints.a}/health`)).json()) as Record<string, unknown>;
    await expect.poll(async () => (await health()).in_flight).toBe(2);
    if (earlier === 'killed') {
      process.kill((await stack.running()).a as number, 'SIGTERM');
      await expect.poll(async () => (await health()).reason).toBe('draining');
    } else {
      const interrupt = new AbortController();
      // On a busy machine the deploy has waited, too.
      const before = stack.events.length;
      const first = stack.teardown(interrupt.signal);
      await expect.poll(() => stack.events.slice(before).some(({ type }) => type === 'step-waiting')).toBe(true);
      interrupt.abort();
      await expect(first).rejects.toThrow();
    }
    expect((await stack.teardown()).leftovers).toEqual([]);
    expect(await answer).toBe(earlier === 'killed' ? 200 : 'cut off');
    const notes = stack.events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
    const cutOff = expect.stringMatching(/^a: 1 request in flight was cut off after \d+ s$/);
    if (earlier === 'killed') expect(notes).not.toContainEqual(cutOff);
    else expect(notes).toContainEqual(cutOff);
  });

  it('leaves a process alone that only has the pid of its record', async () => {
    await stack.deploy();
    const bystander = spawn('sleep', ['60']);
    await once(bystander, 'spawn');
    try {
      const state = JSON.parse(await readFile(stack.paths.state, 'utf8'));
      process.kill((await stack.running()).a as number, 'SIGKILL');
      await expect.poll(async () => 'a' in (await stack.running())).toBe(false);
      state.targets.local.resources.a.identity.pid = bystander.pid;
      await writeFile(stack.paths.state, JSON.stringify(state));
      expect((await stack.teardown()).leftovers).toEqual([]);
      expect(bystander.exitCode).toBeNull();
      expect(bystander.signalCode).toBeNull();
    } finally {
      bystander.kill();
    }
  });

  it('ends a process that ignores TERM', async () => {
    await stack.deploy({ replicas: 1 });
    process.kill((await stack.running())['b-1'] as number, 'SIGSTOP');
    expect((await stack.teardown()).leftovers).toEqual([]);
  });
});
