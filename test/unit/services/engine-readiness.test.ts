import { afterEach, expect, test } from 'vitest';
import { ContextRule } from '../../../templates/services/common/engine/context.ts';
import { EngineReadiness, type ReadinessOptions } from '../../../templates/services/common/engine-readiness.ts';
import {
  UpstreamError,
  type UpstreamReply,
  type UpstreamRequest,
} from '../../../templates/services/common/upstream.ts';

const SETTINGS = { model: 'm', numPredict: 40, numCtx: 1024, temperature: 0.2, keepAlive: '30m', timeoutMs: 1000 };
const MINUTES = 60_000;
/** A running program's clock is past its beginning. */
const START = 1000 * MINUTES;

interface Loaded {
  name: string;
  context: number | undefined;
  expiresAt: number | undefined;
}

/** An engine in memory whose clock is that of the test; what a test changes in it, it does at once. */
class FakeEngine {
  now = START;
  tags = [{ name: 'm:latest', digest: 'd1' }];
  loaded: Loaded[] = [];
  readonly loads: Record<string, unknown>[] = [];
  readonly pulls: string[] = [];
  shows = 0;
  psStatus = 200;
  loadReply: () => Promise<UpstreamReply> | UpstreamReply = () => this.#load();
  /** By what a model's context differs from what is asked for. */
  contextOf = (numCtx: number) => numCtx;
  facts: Record<string, unknown> = {};
  down = false;
  /** By how much the `Date` of its answers, a proxy's, is before its own time. */
  dateAhead = 0;

  async request({ path, body }: UpstreamRequest): Promise<UpstreamReply> {
    if (this.down) throw new UpstreamError('network', 'connect ECONNREFUSED');
    switch (path) {
      case '/api/tags':
        return this.json(200, { models: this.tags });
      case '/api/ps':
        return this.json(this.psStatus, {
          models: this.loaded.map(({ name, context, expiresAt }) => ({
            name,
            ...(context === undefined ? {} : { context_length: context }),
            ...(expiresAt === undefined ? {} : { expires_at: new Date(expiresAt).toISOString() }),
          })),
        });
      case '/api/pull':
        this.pulls.push(JSON.parse(body ?? '').model);
        return new Promise(() => {});
      case '/api/show':
        this.shows++;
        return this.json(200, this.facts[JSON.parse(body ?? '').model] ?? {});
      default:
        this.loads.push(JSON.parse(body ?? ''));
        return this.loadReply();
    }
  }

  close() {}

  json(status: number, value: unknown): UpstreamReply {
    return {
      status,
      headers: { date: new Date(this.now + this.dateAhead).toUTCString() },
      text: JSON.stringify(value),
    };
  }

  #load(): UpstreamReply {
    this.loaded = [{ name: 'm:latest', context: this.contextOf(1024), expiresAt: this.now + 30 * MINUTES }];
    return this.json(200, { created_at: new Date(this.now).toISOString(), done: true, done_reason: 'load' });
  }
}

const open: EngineReadiness[] = [];
afterEach(() => {
  for (const readiness of open.splice(0)) readiness.close();
});

type WatchOptions = { keepAlive?: string; preload?: boolean } & Pick<
  ReadinessOptions,
  'alsoNeeded' | 'contexts' | 'pull'
>;

function watch(engine: FakeEngine, options: WatchOptions = {}) {
  const { keepAlive = '30m', preload = true, ...more } = options;
  const readiness = new EngineReadiness({
    engineUrl: 'http://unused',
    settings: { ...SETTINGS, keepAlive },
    preload,
    engine,
    now: () => engine.now,
    ...more,
  });
  open.push(readiness);
  /** What health says `ms` later. */
  return async (ms = 1000) => {
    engine.now += ms;
    const { ready, reason } = await readiness.current();
    expect(ready).toBe(reason === undefined);
    return reason ?? 'ready';
  };
}

test('loads with the very options of the requests, once, and is ready when /api/ps has it so', async () => {
  const engine = new FakeEngine();
  const after = watch(engine);
  expect(await after()).toBe('ready');
  expect(await after()).toBe('ready');
  expect(engine.loads).toEqual([
    { model: 'm', stream: false, keep_alive: '30m', options: { num_predict: 40, num_ctx: 1024, temperature: 0.2 } },
  ]);
});

test('asks the engine at most once a second', async () => {
  const engine = new FakeEngine();
  let asked = 0;
  const request = engine.request.bind(engine);
  engine.request = (what) => {
    if (what.path === '/api/tags') asked++;
    return request(what);
  };
  const after = watch(engine);
  await after();
  const first = asked;
  for (let i = 0; i < 9; i++) await after(100);
  expect(asked).toBe(first);
  await after(100);
  expect(asked).toBe(first + 1);
});

test('a model that was unloaded is not ready, and is loaded again', async () => {
  const engine = new FakeEngine();
  const after = watch(engine);
  await after();
  engine.loaded = [];
  let finish = () => {};
  const load = engine.loadReply;
  engine.loadReply = () => new Promise<void>((resolve) => (finish = resolve)).then(load);
  expect(await after(2 * MINUTES)).toBe('engine is loading model m again: it was unloaded');
  // Listed while it is being loaded, by this program or by another: that is not loaded.
  engine.loaded = [{ name: 'm:latest', context: 1024, expiresAt: engine.now + 30 * MINUTES }];
  expect(await after()).toBe('engine is loading model m again: it was unloaded');
  finish();
  await expect.poll(() => after()).toBe('ready');
  expect(engine.loads).toHaveLength(2);
});

test('an unload under way is over before the model is loaded again', async () => {
  const engine = new FakeEngine();
  const after = watch(engine);
  await after();
  await after(2 * MINUTES);
  // What Ollama lists for a moment after `keep_alive: 0`.
  engine.loaded = [{ name: 'm:latest', context: 1024, expiresAt: engine.now }];
  expect(await after()).toBe('engine has not loaded model m: it was unloaded; the next attempt is in 1 s');
  expect(engine.loads).toHaveLength(1);
  engine.loaded = [];
  expect(await after()).toBe('ready');
  expect(engine.loads).toHaveLength(2);
});

test.each([30 * MINUTES, -30 * MINUTES])('the clock of a proxy, %i ms off, ends no model', async (ahead) => {
  const engine = new FakeEngine();
  engine.dateAhead = ahead;
  const after = watch(engine);
  for (let minute = 0; minute < 120; minute++) {
    expect(await after(MINUTES)).toBe('ready');
    // Another client uses it, for less long.
    for (const loaded of engine.loaded) loaded.expiresAt = engine.now + 20 * MINUTES + minute;
  }
  // No loads but those that keep it.
  expect(engine.loads.length).toBeLessThan(5);
  for (const loaded of engine.loaded) loaded.expiresAt = engine.now;
  expect(await after(1)).toBe('ready');
  expect(await after()).toContain('it was unloaded');
});

test('an engine that does not tell its time is believed what it lists', async () => {
  const engine = new FakeEngine();
  const load = engine.loadReply;
  engine.loadReply = async () => {
    const { text } = await load();
    return engine.json(200, { ...JSON.parse(text), created_at: { toString: 1 } });
  };
  const after = watch(engine);
  for (let minute = 0; minute < 60; minute++) {
    expect(await after(MINUTES)).toBe('ready');
    for (const loaded of engine.loaded) loaded.expiresAt = engine.now - minute;
  }
});

test.each([
  [
    '/api/tags',
    { models: [{ name: { toString: 1 } }, 5, null, 'x', { model: ['m'] }] },
    'engine does not have model m yet',
  ],
  ['/api/ps', { models: [{ name: { toString: 1 }, context_length: 'x', expires_at: 5 }] }, 'it was unloaded'],
  [
    '/api/show',
    { modelfile: { toString: 1 }, model_info: { 'general.architecture': { toString: 1 } } },
    'a context of 999',
  ],
  ['/api/show', { modelfile: 5, model_info: 7, capabilities: 'vision' }, 'a context of 999'],
])('what %s says in wrong types is told as something that is not there', async (path, says, reason) => {
  const engine = new FakeEngine();
  const after = watch(engine);
  expect(await after()).toBe('ready');
  engine.loaded = [{ name: 'm:latest', context: 999, expiresAt: undefined }];
  const request = engine.request.bind(engine);
  engine.request = async (what) => (what.path === path ? engine.json(200, says) : request(what));
  expect(await after()).toContain(reason);
});

test('a model in use without a pause keeps its old end, and is loaded all the same', async () => {
  const engine = new FakeEngine();
  const after = watch(engine);
  await after();
  engine.loadReply = () => engine.json(200, {});
  for (let minute = 0; minute < 90; minute++) expect(await after(MINUTES)).toBe('ready');
});

test('another context is not ready and is mended, ever slower when another client keeps on asking for it', async () => {
  const engine = new FakeEngine();
  const after = watch(engine);
  await after();
  const other = () => {
    engine.loaded = [{ name: 'm:latest', context: 4096, expiresAt: engine.now + 5 * MINUTES }];
  };
  const why = 'it was loaded with a context of 4096 instead of 1024, as another client of the engine asks for';
  other();
  expect(await after()).toBe(`engine has not loaded model m: ${why}; the next attempt is in 1 s`);
  expect(await after()).toBe('ready');
  let seconds = 0;
  for (; seconds < 600; seconds++) {
    other();
    await after();
  }
  // Of 600 possible loads: 2 before, then after 2, 4, 8, 16, 32 s and once a minute.
  expect(engine.loads.length).toBeGreaterThan(8);
  expect(engine.loads.length).toBeLessThan(20);
});

test('what the engine makes of the context by its own rules is right', async () => {
  const engine = new FakeEngine();
  engine.contextOf = (numCtx) => Math.max(numCtx, 2048);
  engine.facts = { 'm:latest': { capabilities: ['completion', 'vision'] } };
  const after = watch(engine);
  for (let i = 0; i < 5; i++) expect(await after()).toBe('ready');
  expect([engine.loads.length, engine.shows]).toEqual([1, 1]);
});

test('a file that is loaded under another name is loaded', async () => {
  const engine = new FakeEngine();
  const from = (file: string) => ({ modelfile: `# Modelfile\nFROM ${file}\n` });
  engine.facts = { 'm:latest': from('/blobs/1'), 'other:x': from('/blobs/2'), 'copy:x': from('/blobs/1') };
  engine.loadReply = () => {
    engine.loaded = ['other:x', 'copy:x'].map((name) => ({ name, context: 1024, expiresAt: undefined }));
    return engine.json(200, {});
  };
  const after = watch(engine);
  expect(await after()).toBe('ready');
  engine.loaded.pop();
  engine.loadReply = () => engine.json(200, {});
  expect(await after(2 * MINUTES)).toContain('it was unloaded');
});

test('the keep-alive is renewed before it ends, and only then; a longer one of another client is left alone', async () => {
  const engine = new FakeEngine();
  const after = watch(engine);
  await after();
  for (let minute = 0; minute < 24; minute++) await after(MINUTES);
  expect(engine.loads).toHaveLength(1);
  for (let minute = 0; minute < 120; minute++) expect(await after(MINUTES)).toBe('ready');
  // Every 25 minutes or so.
  expect(engine.loads.length).toBeGreaterThanOrEqual(5);
  expect(engine.loads.length).toBeLessThanOrEqual(7);
  const renewed = engine.loads.length;
  for (const loaded of engine.loaded) loaded.expiresAt = engine.now + 100_000 * MINUTES;
  for (let minute = 0; minute < 120; minute++) expect(await after(MINUTES)).toBe('ready');
  expect(engine.loads).toHaveLength(renewed);
});

test.each([
  ['no /api/ps', (engine: FakeEngine) => (engine.psStatus = 404)],
  [
    'an /api/ps that tells neither context nor end',
    (engine: FakeEngine) => {
      engine.loadReply = () => {
        engine.loaded = [{ name: 'm:latest', context: undefined, expiresAt: undefined }];
        return engine.json(200, {});
      };
    },
  ],
])('an engine with %s: loaded is what an own load has loaded, and it is kept', async (_, set) => {
  const engine = new FakeEngine();
  set(engine);
  const after = watch(engine);
  for (let minute = 0; minute < 60; minute++) expect(await after(MINUTES)).toBe('ready');
  expect(engine.loads.length).toBeGreaterThanOrEqual(2);
  expect(engine.loads.length).toBeLessThanOrEqual(15);
});

test('a load that fails is told in the engine’s own words, and tried ever slower', async () => {
  const engine = new FakeEngine();
  engine.loadReply = () => engine.json(500, { error: { message: 'no\u001b[31m\nmemory' } });
  const after = watch(engine);
  expect(await after()).toBe(
    'engine has not loaded model m (last attempt: no [31m memory); the next attempt is in 1 s',
  );
  for (let second = 0; second < 100; second++) await after();
  expect(engine.loads.length).toBeLessThan(10);
});

test('a model that another client has loaded is asked for at once, whatever failed before, and once a second', async () => {
  const engine = new FakeEngine();
  const load = engine.loadReply;
  engine.loadReply = () => engine.json(500, { error: 'no memory' });
  const after = watch(engine);
  for (let second = 0; second < 100; second++) await after();
  // Listed, but its weights are still read, and that fails.
  const { length } = engine.loads;
  engine.loaded = [{ name: 'm:latest', context: 1024, expiresAt: engine.now + 30 * MINUTES }];
  for (let tenth = 0; tenth < 50; tenth++) expect(await after(100)).toContain('last attempt: no memory');
  expect(engine.loads.length - length).toBe(5);
  engine.loadReply = load;
  expect(await after()).toBe('ready');
});

test.each([
  ['with another context', { context: 4096, left: 30 * MINUTES }],
  ['at its end', { context: 1024, left: -1 }],
])('a model that is there %s is no reason to hurry', async (_, { context, left }) => {
  const engine = new FakeEngine();
  const after = watch(engine);
  await after();
  engine.loaded = [];
  engine.loadReply = () => engine.json(500, { error: 'no memory' });
  for (let second = 0; second < 100; second++) await after();
  const { length } = engine.loads;
  engine.loaded = [{ name: 'm:latest', context, expiresAt: engine.now + left }];
  for (let second = 0; second < 10; second++) await after();
  expect(engine.loads.length - length).toBeLessThanOrEqual(1);
});

test('an engine that comes back is asked at once, whatever was before', async () => {
  const engine = new FakeEngine();
  const load = engine.loadReply;
  engine.loadReply = () => engine.json(500, { error: 'no memory' });
  const after = watch(engine);
  for (let second = 0; second < 20; second++) await after();
  engine.down = true;
  expect(await after()).toBe('engine cannot be reached: connect ECONNREFUSED');
  engine.down = false;
  engine.tags = [];
  expect(await after()).toBe('engine does not have model m yet');
  engine.tags = [{ name: 'm:latest', digest: 'd1' }];
  engine.loadReply = load;
  expect(await after()).toBe('ready');
});

test('a list that fails is told in the engine’s own words', async () => {
  const engine = new FakeEngine();
  const after = watch(engine);
  const request = engine.request.bind(engine);
  engine.request = async (what) =>
    what.path === '/api/tags' ? engine.json(500, { error: 'disk full' }) : request(what);
  expect(await after()).toBe('engine answered /api/tags with status 500: disk full');
  engine.request = async (what) => (what.path === '/api/ps' ? engine.json(500, { error: 'panic' }) : request(what));
  expect(await after()).toBe('engine answered /api/ps with status 500: panic');
  engine.request = async () => engine.json(200, {});
  expect(await after()).toBe('engine answered /api/tags with something that is no list of models');
});

test.each([
  ['without preload', { preload: false }],
  ['where the engine is to keep no model', { keepAlive: '0' }],
])('%s only the presence of the model counts', async (_, options) => {
  const engine = new FakeEngine();
  const after = watch(engine, options);
  expect(await after()).toBe('ready');
  engine.tags = [];
  expect(await after()).toBe('engine does not have model m yet');
  expect(engine.loads).toEqual([]);
});

test('what is missing is pulled where that is wanted, the own model first, then those of steps', async () => {
  const engine = new FakeEngine();
  engine.tags = [];
  const after = watch(engine, { pull: () => {}, alsoNeeded: () => ['m', 'embedder'] });
  expect(await after()).toBe('engine is pulling model m');
  expect(await after()).toBe('engine is pulling model m');
  engine.tags = [{ name: 'm:latest', digest: 'd1' }];
  expect(await after()).toBe('engine is pulling model embedder');
  expect(engine.pulls).toEqual(['m', 'embedder']);
  engine.tags.push({ name: 'embedder:latest', digest: 'd2' });
  expect(await after()).toBe('ready');
});

test('a model of a step that is missing is named, where nothing is pulled', async () => {
  const engine = new FakeEngine();
  const after = watch(engine, { alsoNeeded: () => ['embedder'] });
  expect(await after()).toBe('engine does not have model embedder yet');
});

test('the first chat changes the context: ready meanwhile, and what is loaded later has it', async () => {
  const engine = new FakeEngine();
  const contexts = new ContextRule('m', 1024, 4096);
  const after = watch(engine, { contexts });
  expect(await after()).toBe('ready');
  const { settled } = contexts.chat('m');
  // Ollama unloads it for the chat, and loads it again.
  engine.loaded = [];
  expect(await after()).toBe('ready');
  engine.loaded = [{ name: 'm:latest', context: 4096, expiresAt: engine.now + 30 * MINUTES }];
  settled();
  expect(await after()).toBe('ready');
  expect(engine.loads).toHaveLength(1);
  engine.loaded = [];
  engine.contextOf = () => 4096;
  await after(2 * MINUTES);
  expect(engine.loads.at(-1)).toMatchObject({ options: { num_ctx: 4096 } });
});

test('a model that another service’s chat has loaded anew is taken as it is, also where its training bounds the context', async () => {
  for (const trained of [undefined, 2048]) {
    const engine = new FakeEngine();
    if (trained !== undefined) {
      engine.facts = { 'm:latest': { model_info: { 'general.architecture': 'x', 'x.context_length': trained } } };
    }
    const contexts = new ContextRule('m', 1024, 4096);
    const after = watch(engine, { contexts });
    expect(await after()).toBe('ready');
    engine.loaded = [{ name: 'm:latest', context: trained ?? 4096, expiresAt: engine.now + 30 * MINUTES }];
    expect(await after()).toBe('ready');
    expect(engine.loads).toHaveLength(1);
    expect(contexts.own).toBe(4096);
    // And from now on the smaller one is not.
    engine.loaded = [{ name: 'm:latest', context: 1024, expiresAt: engine.now + 30 * MINUTES }];
    engine.contextOf = () => trained ?? 4096;
    expect(await after(2 * MINUTES)).toBe('ready');
    expect(engine.loads.at(-1)).toMatchObject({ options: { num_ctx: 4096 } });
  }
});
