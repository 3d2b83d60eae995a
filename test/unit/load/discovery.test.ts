import { describe, expect, test } from 'vitest';
import type { RawRequest } from '../../../src/services/chain/client.ts';
import { atBase, isBase, modelLists } from '../../../src/services/load/discovery/api-paths.ts';
import { explainRefusal } from '../../../src/services/load/discovery/explain-refusal.ts';
import { findTarget, type TargetSettings } from '../../../src/services/load/discovery/find-target.ts';
import { chooseModel, readModels, someNames } from '../../../src/services/load/discovery/models.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';

test.each([
  ['http://h', true],
  ['http://h/', true],
  ['http://h/v1/', true],
  ['https://h/api/v1', true],
  ['http://h/v1/models', false],
  ['http://h/chain', false],
])('%s is a base URL: %s', (url, is) => expect(isBase(url)).toBe(is));

test.each([
  ['http://h', '/v1/models', 'http://h/v1/models'],
  ['http://h/v1/', '/v1/models', 'http://h/v1/models'],
  ['https://h/api/v1', '/v1/chat/completions', 'https://h/api/v1/chat/completions'],
  ['http://h/?key=k', '/chain', 'http://h/chain?key=k'],
])('at %s %s is %s', (base, path, url) => expect(atBase(base, path)).toBe(url));

test.each([
  ['openai-chat', 'http://h/v1/chat/completions', ['http://h/v1/models']],
  ['openai-chat', 'http://h/api/v1/chat/completions', ['http://h/api/v1/models', 'http://h/v1/models']],
  ['openai-chat', 'http://h/x/chat/completions', ['http://h/x/models', 'http://h/v1/models']],
  ['openai-completions', 'http://h/v1/completions', ['http://h/v1/models']],
  ['openai-chat', 'http://h/elsewhere', ['http://h/v1/models']],
  ['ollama-chat', 'http://h/o/api/chat', ['http://h/o/api/tags', 'http://h/api/tags']],
  ['chain', 'http://h/chain', []],
])('models of %s at %s', (api, url, lists) => expect(modelLists(url, protocolNamed(api))).toEqual(lists));

describe('lists of models', () => {
  const openai = (...ids: string[]) => ({ object: 'list', data: ids.map((id) => ({ id })) });
  const chosen = (body: unknown, operation?: string) => {
    const found = chooseModel(readModels(body) ?? [], operation);
    return 'name' in found ? found.name : found;
  };

  test('one is taken, several are not; those that cannot answer do not count', () => {
    expect(chosen(openai('a'))).toBe('a');
    expect(chosen(openai('a', 'b'))).toEqual(['a', 'b']);
    expect(chosen(openai('text-embedding-3', 'a', 'bge-m3', 'jina-reranker', 'whisper-1', 'tts-1'))).toBe('a');
    expect(chosen({ data: [{ id: 'a' }, { id: 'b', type: 'embeddings' }, { id: 'c', type: 'image' }] })).toBe('a');
    expect(
      chosen({
        models: [
          { name: 'a', capabilities: ['embedding'] },
          { name: 'b', capabilities: ['completion'] },
        ],
      }),
    ).toBe('b');
    const details = (family: string) => ({ details: { family, families: null } });
    expect(
      chosen({
        models: [
          { name: 'x', ...details('nomic-bert') },
          { name: 'b', ...details('llama') },
        ],
      }),
    ).toBe('b');
    expect(chosen(openai())).toEqual([]);
    expect(readModels({ object: 'list', data: null })).toEqual([]);
  });

  test('of a service of the chain its graph, where requests are chats', () => {
    const body = {
      data: [
        { id: 'chain', owned_by: 'chainctl' },
        { id: 'tinyllama', owned_by: 'ollama' },
      ],
    };
    expect(chosen(body)).toBe('chain');
    expect(chosen(body, 'text_completion')).toBe('tinyllama');
  });

  test('both forms in one are one list; what is no list is none, and what is no name is left out', () => {
    expect(readModels({ data: [{ id: 'a' }], models: [{ name: 'a', model: 'a' }] })).toHaveLength(1);
    expect(readModels([{ id: 'a' }])).toHaveLength(1);
    for (const none of [undefined, 'a', {}, { data: 'a' }, { models: 1 }]) expect(readModels(none)).toBeUndefined();
    expect(readModels({ data: [{ id: 'a\u001b[2J' }, { id: 'x'.repeat(500) }, { id: '' }, {}] })).toEqual([]);
    expect(someNames(Array.from({ length: 30 }, (_, index) => `m${index}`))).toBe(
      'm0, m1, m2, m3, m4, m5, m6, m7, m8, m9 and 20 more',
    );
  });
});

/** A server by its answers to paths; everything else is 404. */
function server(answers: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const notes: string[] = [];
  const raw = async ({ url, headers }: RawRequest) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    const answer = answers[pathname];
    const own = typeof answer === 'object' && answer !== null && 'status' in answer;
    const status = own ? Number(answer.status) : answer === undefined ? 404 : 200;
    if (status === 0)
      return { kind: 'transport', code: 'refused', reason: 'nothing listens', remedy: 'start it', seconds: 0 } as const;
    const text =
      typeof answer === 'string' ? answer : JSON.stringify(own ? {} : (answer ?? { error: { message: 'not found' } }));
    const location = own && 'location' in answer ? String(answer.location) : undefined;
    return { kind: 'raw', status, text, location, simulated: headers?.x === 'y', seconds: 0 } as const;
  };
  const deps = {
    ...{ client: { raw }, headers: {}, signal: new AbortController().signal, commandLine: ['load', '--rps', '1'] },
    emit: (event: { type: string }) => void notes.push('text' in event ? String(event.text) : ''),
  };
  const find = (settings: Partial<TargetSettings> = {}) =>
    findTarget({ targetUrl: 'http://h', preflight: true, ...settings }, deps);
  return { asked, notes, find, deps };
}

const list = { object: 'list', data: [{ id: 'm', owned_by: 'x' }] };
const tags = { models: [{ name: 'm', model: 'm', details: { family: 'llama' } }] };

describe('a base URL is asked what it is', () => {
  test.each([
    ['Ollama', { '/v1/models': list, '/api/tags': tags }, 'openai-chat', '/v1/chat/completions', 'ollama'],
    ['an old Ollama', { '/api/tags': tags }, 'ollama-chat', '/api/chat', 'ollama'],
    [
      'llama-server',
      { '/v1/models': list, '/props': { default_generation_settings: {} } },
      'openai-chat',
      '/v1/chat/completions',
      'llama_cpp',
    ],
    [
      'vLLM',
      { '/v1/models': { data: [{ id: 'm', owned_by: 'vllm' }] } },
      'openai-chat',
      '/v1/chat/completions',
      'vllm',
    ],
    ['a provider', { '/v1/models': list }, 'openai-chat', '/v1/chat/completions', 'openai'],
  ])('%s', async (_title, answers, api, path, provider) => {
    const { find, notes } = server(answers);
    expect(await find()).toEqual({ targetUrl: `http://h${path}`, api, model: 'm', provider });
    expect(notes).toEqual([
      expect.stringContaining(`requests go to http://h${path}`),
      expect.stringContaining('asks for m'),
    ]);
  });

  test('A and B of a chain stay what they are, whatever else they speak', async () => {
    for (const [service, path] of [
      ['a', '/chain'],
      ['b', '/invoke'],
    ] as const) {
      const { find } = server({ '/health': { ok: true, service }, '/v1/models': list });
      expect(await find()).toEqual({ targetUrl: `http://h${path}`, api: path.slice(1), provider: 'chainctl' });
    }
  });

  test('embedding models of Ollama are told apart by its own list', async () => {
    const both = { data: [{ id: 'm' }, { id: 'minimal' }] };
    const families = { models: [...tags.models, { name: 'minimal', details: { family: 'bert' } }] };
    expect(await server({ '/v1/models': both, '/api/tags': families }).find()).toMatchObject({ model: 'm' });
    const url = 'http://h/v1/chat/completions';
    expect(await server({ '/v1/models': both, '/api/tags': families }).find({ targetUrl: url })).toMatchObject({
      model: 'm',
    });
  });

  test('a service of the chain that has several answers with the one that it lists first', async () => {
    const both = { object: 'list', data: [{ id: 'phi3:mini' }, { id: 'tinyllama' }] };
    const answers = { '/v1/models': both, '/health': { ok: true, service: 'b' } };
    expect(await server(answers).find({ targetUrl: 'http://h/v1/chat/completions' })).toMatchObject({
      model: 'phi3:mini',
    });
  });

  test.each([
    ['openai-chat', '/v1/chat/completions', 'chain', 'asks for chain, the whole chain (--model'],
    ['ollama-chat', '/api/chat', 'chain', 'asks for chain, the whole chain (--model'],
    [
      'openai-completions',
      '/v1/completions',
      'tinyllama',
      'asks for tinyllama, a model of its engine: chain, the whole chain, is for chats only (--model',
    ],
  ])('all of a chain is what %s asks of A, where it can', async (api, path, model, note) => {
    const data = [{ id: 'chain', owned_by: 'chainctl' }, { id: 'tinyllama' }, { id: 'phi3:mini' }];
    const models = [{ name: 'tinyllama:latest' }, { name: 'phi3:mini' }];
    // However many models its engine has.
    for (const count of [2, 1]) {
      const { find, notes } = server({
        '/v1/models': { object: 'list', data: data.slice(0, count + 1), models: models.slice(0, count) },
        '/api/tags': { models: models.slice(0, count) },
        '/health': { ok: true, service: 'a' },
      });
      expect(await find({ api })).toMatchObject({ targetUrl: `http://h${path}`, model });
      expect(notes.join()).toContain(note);
    }
  });

  test.each([
    [
      'several models',
      { '/v1/models': { data: [{ id: 'one' }, { id: "o'two" }] } },
      2,
      /has 2 models: one, o'two/,
      'name one of them: chainctl load --rps 1 --model one',
    ],
    ['no model', { '/v1/models': { data: [] } }, 3, /has no model/, 'load a model'],
    [
      'only others',
      { '/v1/models': { data: [{ id: 'embed' }] } },
      3,
      /only models that embed or rank \(embed\)/,
      'load a model',
    ],
    [
      'nothing known',
      { '/health': { ok: 1 } },
      2,
      /nothing tells which API http:\/\/h speaks \(\/v1\/models: 404 \(not found\);.*\/health: 200/,
      'give the whole URL',
    ],
    ['a key', { '/v1/models': { status: 401 } }, 3, /\/v1\/models asks for a key \(status 401\)/, '--api-key-file'],
    [
      'pages for everything',
      Object.fromEntries(['/v1/models', '/health'].map((path) => [path, '<!doctype html><title>App</title>'])),
      2,
      /\/v1\/models: 200 \(a web page, "App"\)/,
      '--api openai-chat',
    ],
    [
      'elsewhere',
      { '/v1/models': { status: 308, location: 'https://h/v1/models' } },
      5,
      /redirects to https/,
      '--target https://h',
    ],
    [
      'nobody',
      { '/v1/models': { status: 0 }, '/api/tags': { status: 0 }, '/health': { status: 0 }, '/props': { status: 0 } },
      5,
      /nothing listens/,
      'start it',
    ],
  ])('%s', async (_what, answers, exit, fault, step) => {
    await expect(server(answers).find()).rejects.toMatchObject({
      exit,
      message: expect.stringMatching(fault),
      nextSteps: expect.arrayContaining([expect.stringContaining(step)]),
    });
  });
});

describe('what is known is not asked for', () => {
  test('a path and a model', async () => {
    const { find, asked } = server({});
    const targetUrl = 'http://h/v1/completions';
    expect(await find({ targetUrl, model: 'x' })).toEqual({
      targetUrl,
      api: 'openai-completions',
      model: 'x',
      provider: 'openai',
    });
    expect(await find({ targetUrl: 'http://h/other' })).toEqual({ targetUrl: 'http://h/other', api: 'raw' });
    expect(asked).toEqual([]);
  });

  test('an API at a base URL has its own path there; without a preflight chains begin', async () => {
    const { find, asked, notes } = server({});
    expect(await find({ api: 'ollama-generate', model: 'x' })).toMatchObject({ targetUrl: 'http://h/api/generate' });
    expect(await find({ targetUrl: 'http://h/v1', api: 'openai-chat', model: 'x' })).toMatchObject({
      targetUrl: 'http://h/v1/chat/completions',
    });
    expect(await find({ preflight: false })).toEqual({
      targetUrl: 'http://h/chain',
      api: 'chain',
      provider: 'chainctl',
    });
    expect(notes).toEqual([
      expect.stringMatching(/does not ask http:\/\/h what it is: .*: chainctl load --rps 1 --api openai-chat$/),
    ]);
    // A service of a chain takes no model.
    expect(await find({ preflight: false, model: 'x' })).toMatchObject({ targetUrl: 'http://h/v1/chat/completions' });
    expect(asked).toEqual([]);
  });

  test('a list that is not reached is no list without models', async () => {
    const targetUrl = 'http://h/v1/chat/completions';
    await expect(server({ '/v1/models': { status: 0 } }).find({ targetUrl })).rejects.toMatchObject({
      ...{ exit: 5, code: 'target-unhealthy', message: 'nothing listens', nextSteps: ['start it'] },
    });
    await expect(server({ '/v1/models': { status: 401 } }).find({ targetUrl })).rejects.toMatchObject({
      ...{ exit: 3, code: 'unauthorized' },
      nextSteps: expect.arrayContaining(['where only its list does: chainctl load --rps 1 --model NAME']),
    });
    const away = { status: 302, location: 'http://login/' };
    await expect(server({ '/v1/models': away }).find({ targetUrl })).rejects.toMatchObject({
      ...{ exit: 2, message: expect.stringContaining('(status 302: redirects to http://login/)') },
    });
  });

  test('a template that names its model itself', async () => {
    const { find, asked } = server({});
    expect(await find({ api: 'openai-chat', template: '{"model":"x"}' })).not.toHaveProperty('model');
    expect(asked).toEqual([]);
    await expect(find({ api: 'openai-chat', template: '{"model":"{{model}}"}' })).rejects.toMatchObject({
      message: expect.stringContaining('http://h/v1/models does not list any (status 404: not found)'),
    });
  });
});

describe('a refusal names its cause and the flag that mends it', () => {
  const form = { api: 'openai-chat', stream: false, model: 'x' };
  const { deps } = server({ '/v1/models': { data: [{ id: 'm' }, { id: 'embed' }] }, '/api/tags': tags });
  const explain = (status: number, said: string | undefined, targetUrl = 'http://h/v1/chat/completions', more = {}) =>
    explainRefusal(
      { targetUrl },
      { ...form, ...more },
      { status, why: said ?? '', ...(said === undefined ? {} : { said }) },
      deps,
    );

  test.each([
    [404, 'The model `x` does not exist.', '--model m (it has m)'],
    [404, "model 'x' not found", '--model m'],
    [400, 'Invalid model name passed in model=x', '--model m'],
    [400, '"embed" does not support chat', '--model m'],
    [400, "This model's maximum context length is 128 tokens.", '--input-tokens'],
    [400, 'the request exceeds the available context size', '--input-tokens'],
    [
      400,
      "'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
      '--max-tokens-field max_completion_tokens',
    ],
    [400, 'Unrecognized request argument supplied: ignore_eos', '--ignore-eos'],
    [422, 'temperature: Input should be less than 2', '--temperature'],
    [400, 'prompt must be at least 1000 characters', '--prompt-file'],
    [400, 'prompt: Field required', '--api names another API'],
    [400, 'The plain HTTP request was sent to HTTPS port', 'write https://'],
    [400, 'Client sent an HTTP request to an HTTPS server.', 'write https://'],
    [400, 'This combination of host and port requires TLS.', 'write https://'],
    [413, undefined, 'shorter --prompt-file'],
    [415, undefined, "--header 'content-type"],
    [405, undefined, 'check the path'],
    [402, 'Insufficient Balance', 'see to the account'],
    [407, undefined, 'a proxy wants a login'],
    [418, 'tea', '--api names another API'],
  ])('%i %s: %s', async (status, said, step) => {
    expect(await explain(status, said)).toMatchObject({
      ...{ exit: 2, code: 'target-refuses' },
      nextSteps: [expect.stringContaining(step), expect.stringContaining('--no-preflight')],
    });
  });

  test('a stream that was not asked for', async () => {
    const refused = { status: 200, fault: 'not-json', why: 'the answer is a stream that was not asked for' };
    const template = '{"stream":true}';
    expect(await explainRefusal({ targetUrl: 'http://h/v1' }, { ...form, template }, refused, deps)).toMatchObject({
      nextSteps: [expect.stringContaining('add --stream'), expect.stringContaining('{{stream}}'), expect.anything()],
    });
  });

  test('a wrong path: where that server answers', async () => {
    expect(await explain(404, 'Not Found', 'http://h/v2/chat', { api: 'raw' })).toMatchObject({
      message: 'http://h/v2/chat refuses requests (status 404): Not Found',
      nextSteps: ['there is Ollama, which answers at --target http://h/v1/chat/completions', expect.any(String)],
    });
  });

  test('keys are a matter of configuration; what may pass is no refusal', async () => {
    expect(await explain(401, 'no key')).toMatchObject({
      exit: 3,
      message: expect.stringContaining('asks for a key (status 401): no key'),
    });
    expect(await explain(401, undefined, 'http://h/chain', { api: 'chain' })).toMatchObject({
      exit: 3,
      message: expect.stringContaining('asks for a token'),
    });
    const sent = { authorization: 'Bearer x' };
    const chat = 'http://h/v1/chat/completions';
    const refused = (status: number, headers: Readonly<Record<string, string>>) =>
      explainRefusal({ targetUrl: chat }, form, { status, why: '', said: 'no' }, { ...deps, headers });
    expect(await refused(401, sent)).toMatchObject({
      message: `${chat} refuses the key that was sent (status 401): no`,
      nextSteps: [expect.stringContaining('give another one'), expect.stringContaining('--api-key-header')],
    });
    expect(await refused(401, { 'x-api-key': 'x' })).toMatchObject({
      nextSteps: [expect.any(String), expect.stringContaining('it went in "x-api-key"')],
    });
    expect(await refused(403, sent)).toMatchObject({ message: expect.stringContaining('refuses what was asked with') });
    // Any other header is no key.
    expect(await refused(401, { 'x-trace': 'x' })).toMatchObject({
      message: expect.stringContaining('asks for a key'),
    });
    for (const status of [408, 409, 425, 429, 500, 502, 503]) expect(await explain(status, 'busy')).toBeUndefined();
  });
});
