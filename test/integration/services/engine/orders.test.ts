import { afterEach, describe, expect, test } from 'vitest';
import { ContextRule } from '../../../../templates/services/common/engine/context.ts';
import type { ChatOrder, Delta, Engine } from '../../../../templates/services/common/engine/engine.ts';
import type { EngineSettings } from '../../../../templates/services/common/engine/engine-settings.ts';
import { OllamaEngine } from '../../../../templates/services/common/engine/ollama.ts';
import { OpenAiEngine } from '../../../../templates/services/common/engine/openai.ts';
import { OwnModel } from '../../../../templates/services/common/engine/own-model.ts';
import {
  chunk,
  engineSettings,
  events,
  json,
  lines,
  openScope,
  ScriptedEngine,
} from '../../../support/scripted-engine.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(script: ScriptedEngine['script']): Promise<ScriptedEngine> {
  const server = await ScriptedEngine.open(script);
  open.push(() => server.close());
  return server;
}

function ollama(url: string, more: Partial<EngineSettings> = {}): Engine {
  const engine = new OllamaEngine(engineSettings(url, more), new ContextRule('m', 1024, 4096));
  open.push(() => engine.close());
  return engine;
}

function openai(url: string, more: Partial<EngineSettings> = {}): Engine {
  const settings = engineSettings(url, { kind: 'openai', ...more });
  const engine = new OpenAiEngine(settings, new OwnModel(settings.model), () => {});
  open.push(() => engine.close());
  return engine;
}

const run = (deltas: Delta[] = []) => ({
  scope: openScope(),
  who: 'ollama',
  headers: { 'x-request-id': 'r-1' },
  sink: (batch: readonly Delta[]) => {
    deltas.push(...batch);
    return undefined;
  },
});
const whole = () => ({ scope: openScope(), who: 'ollama' });

const ORDER: ChatOrder = {
  model: 'm',
  messages: [
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: 'Weather?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } }],
    },
    { role: 'tool', content: '9 C', tool_call_id: 'c1' },
  ],
  maxTokens: 7,
  sampling: { temperature: 0, seed: 0, stop: ['x'], top_k: 3, repeat_penalty: 1.1 },
  format: { kind: 'schema', schema: { type: 'object' }, name: 'n', strict: true },
  tools: [{ type: 'function', function: { name: 'weather' } }],
  reasoningEffort: 'none',
};
const OLLAMA_END = { done: true, done_reason: 'stop', prompt_eval_count: 5, eval_count: 2 };

describe('what Ollama is asked', () => {
  test('a chat: cut nowhere, with the larger context, arguments as objects, 0 a value, and what is absent not sent', async () => {
    const server = await serve((_asked, response) => {
      lines(response, { message: { content: 'ok' }, ...OLLAMA_END });
      response.end();
    });
    await ollama(server.url, { headers: { authorization: 'Bearer k' } }).chat(ORDER, run());
    const [{ path, headers, body }] = server.asked as [(typeof server.asked)[0]];
    expect([path, headers.authorization, headers['x-request-id']]).toEqual(['/api/chat', 'Bearer k', 'r-1']);
    expect(body).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'c1', function: { index: 0, name: 'weather', arguments: { city: 'Bonn' } } }],
        },
        { role: 'tool', content: '9 C', tool_name: 'weather', tool_call_id: 'c1' },
      ],
      stream: true,
      truncate: false,
      shift: false,
      keep_alive: '30m',
      options: {
        num_predict: 7,
        num_ctx: 4096,
        temperature: 0,
        seed: 0,
        stop: ['x'],
        top_k: 3,
        repeat_penalty: 1.1,
      },
      format: { type: 'object' },
      tools: ORDER.tools,
      think: false,
    });
  });

  test('from the first chat on generations have its context, too', async () => {
    const server = await serve(({ path }, response) => {
      if (path === '/api/chat') lines(response, { message: { content: 'ok' }, ...OLLAMA_END });
      else lines(response, { response: 'ok', ...OLLAMA_END });
      response.end();
    });
    const engine = ollama(server.url);
    const order = { model: 'm', prompt: 'p', numPredict: 40, numCtx: 1024, temperature: 0.2 };
    await engine.generate(order, whole());
    await engine.chat({ model: 'm', messages: [], maxTokens: 1, sampling: {} }, run());
    await engine.generate(order, whole());
    expect(server.asked.map(({ body }) => body.options.num_ctx)).toEqual([1024, 4096, 4096]);
    expect(server.asked[0]?.body).toEqual({
      model: 'm',
      stream: false,
      keep_alive: '30m',
      options: { num_predict: 40, num_ctx: 1024, temperature: 0.2 },
      prompt: 'p',
    });
  });

  test.each([
    [{ toolChoice: 'required' }, 'tool_choice', 'unsupported_parameter'],
    [{ logprobs: { logprobs: true } }, 'logprobs', 'unsupported_parameter'],
    [{ reasoningEffort: 'utmost' }, 'reasoning_effort', undefined],
    [
      {
        messages: [
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '[1' } }],
          },
        ],
      },
      'messages[0].tool_calls[0].function.arguments',
      undefined,
    ],
  ] as [Partial<ChatOrder>, string, string | undefined][])(
    '%o is refused before it is asked',
    async (more, param, code) => {
      const server = await serve((_asked, response) => json(response, 500, {}));
      const refused = ollama(server.url).chat({ ...ORDER, ...more }, run());
      await expect(refused).rejects.toMatchObject({ status: 400, param, code });
      expect(server.asked).toEqual([]);
    },
  );

  test('tool_choice none: no tools are offered', async () => {
    const server = await serve((_asked, response) => {
      lines(response, { message: { content: 'ok' }, ...OLLAMA_END });
      response.end();
    });
    await ollama(server.url).chat({ ...ORDER, toolChoice: 'none' }, run());
    expect(server.asked[0]?.body).not.toHaveProperty('tools');
  });

  test('completions, embeddings, models', async () => {
    const server = await serve(({ path }, response) => {
      if (path === '/api/generate') {
        lines(response, { response: 'a' }, { response: 'b', ...OLLAMA_END });
        response.end();
      } else if (path === '/api/embed')
        json(response, 200, {
          embeddings: [
            [1, 0],
            [0, 1],
          ],
          prompt_eval_count: 4,
        });
      else
        json(response, 200, { models: [{ name: 'm:latest', modified_at: '2026-01-01T00:00:00Z' }, { name: 'n:1' }] });
    });
    const engine = ollama(server.url);
    const completion = { model: 'm', prompt: 'p', suffix: 's', maxTokens: 3, sampling: {} };
    expect(await engine.complete(completion, run())).toMatchObject({ text: 'ab', usage: { input: 5, output: 2 } });
    expect(server.asked[0]?.body).toMatchObject({
      prompt: 'p',
      suffix: 's',
      truncate: false,
      options: { num_ctx: 4096 },
    });
    expect(await engine.embed({ model: 'e', input: ['x', 'y'] }, whole())).toMatchObject({
      vectors: [
        [1, 0],
        [0, 1],
      ],
      inputTokens: 4,
    });
    expect(server.asked[1]?.body).toEqual({ model: 'e', input: ['x', 'y'], keep_alive: '30m' });
    const tag = { name: 'm:latest', modified_at: '2026-01-01T00:00:00Z' };
    expect((await engine.models())[0]).toEqual({ id: 'm:latest', ownedBy: 'ollama', created: 1_767_225_600, tag });
    await Promise.all([engine.models(), engine.models()]);
    expect(server.asked).toHaveLength(3);
    // MODELS without a tag means :latest.
    expect((await ollama(server.url, { listed: ['m', 'x'] }).models()).map(({ id }) => id)).toEqual(['m:latest']);
  });
});

describe('what Ollama says', () => {
  test('reasoning, tool calls and the times become those of one answer', async () => {
    const server = await serve((_asked, response) => {
      const call = (name: string, args: unknown) => ({ function: { name, arguments: args } });
      lines(
        response,
        { message: { role: 'assistant', content: '', thinking: 'hm' }, done: false },
        { message: { content: '', tool_calls: [call('f', { b: 1, a: 'é' })] }, done: false },
        { message: { content: '', tool_calls: [{ id: 'own', ...call('g', {}) }] }, done: false },
        { message: { content: '' }, ...OLLAMA_END, total_duration: 1000, eval_duration: 400, simulated: true },
      );
      response.end();
    });
    const deltas: Delta[] = [];
    const answer = await ollama(server.url).chat(ORDER, run(deltas));
    expect(answer).toMatchObject({
      text: '',
      reasoning: 'hm',
      finishReason: 'tool_calls',
      toolCalls: [
        {
          id: expect.stringMatching(/^call_[0-9a-f]{24}$/),
          type: 'function',
          function: { name: 'f', arguments: '{"b":1,"a":"é"}' },
        },
        { id: 'own', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
      engine: { total_seconds: expect.any(Number) },
      simulated: true,
    });
    expect(deltas.map((each) => Object.keys(each)[0])).toEqual(['reasoning', 'toolCalls', 'toolCalls']);
    expect(deltas.flatMap(({ toolCalls }) => toolCalls ?? []).map(({ index }) => index)).toEqual([0, 1]);
  });

  test('an answer in one piece of JSON is taken as it is', async () => {
    const server = await serve((_asked, response) =>
      json(response, 200, { message: { content: 'ok' }, ...OLLAMA_END }),
    );
    expect(await ollama(server.url).chat(ORDER, run())).toMatchObject({ text: 'ok', usage: { input: 5, output: 2 } });
  });
});

const USAGE = {
  prompt_tokens: 5,
  completion_tokens: 2,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 1 },
};

describe('an OpenAI-compatible engine', () => {
  test('a chat: everything is passed on by its own name, streamed, with its usage', async () => {
    const server = await serve((_asked, response) => {
      events(response, chunk({ role: 'assistant', content: '' }), chunk({ content: 'ok' }), chunk({}, 'length'));
      events(response, { choices: [], usage: USAGE }, '[DONE]');
      response.end();
    });
    const order = { ...ORDER, toolChoice: 'required', logprobs: { logprobs: true, top_logprobs: 2 } };
    const answer = await openai(server.url).chat(order, run());
    expect(answer).toMatchObject({
      text: 'ok',
      finishReason: 'length',
      usage: { input: 5, output: 2, cached: 4, reasoning: 1 },
      engine: undefined,
    });
    expect(server.asked[0]).toMatchObject({ path: '/v1/chat/completions', headers: { 'x-request-id': 'r-1' } });
    expect(server.asked[0]?.body).toEqual({
      model: 'm',
      messages: ORDER.messages,
      max_tokens: 7,
      temperature: 0,
      seed: 0,
      stop: ['x'],
      top_k: 3,
      repeat_penalty: 1.1,
      repetition_penalty: 1.1,
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
      tools: ORDER.tools,
      tool_choice: 'required',
      reasoning_effort: 'none',
      logprobs: true,
      top_logprobs: 2,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('deltas of tool calls are passed on and put together; reasoning has two names; logprobs go with their piece', async () => {
    const logprobs = (token: string) => ({ content: [{ token, logprob: -1 }] });
    const piece = (delta: object, more = {}) => ({ choices: [{ index: 0, delta, finish_reason: null, ...more }] });
    const server = await serve((_asked, response) => {
      events(
        response,
        piece({ reasoning_content: 'h' }),
        piece({ reasoning: 'm' }),
        piece({ content: 'x' }, { logprobs: logprobs('x') }),
        piece({ tool_calls: [{ index: 1, id: 'c1', type: 'function', function: { name: 'g', arguments: '' } }] }),
        piece({ tool_calls: [{ index: 0, id: 'c0', type: 'function', function: { name: 'f', arguments: '{"a"' } }] }),
        piece({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
        piece({}, { finish_reason: 'tool_calls' }),
        '[DONE]',
      );
      response.end();
    });
    const deltas: Delta[] = [];
    const answer = await openai(server.url).chat(ORDER, run(deltas));
    expect(answer).toMatchObject({
      reasoning: 'hm',
      text: 'x',
      finishReason: 'tool_calls',
      logprobs: [{ token: 'x', logprob: -1 }],
      toolCalls: [
        { id: 'c0', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'c1', type: 'function', function: { name: 'g', arguments: '' } },
      ],
    });
    expect(deltas).toEqual([
      { reasoning: 'h' },
      { reasoning: 'm' },
      { text: 'x', logprobs: logprobs('x') },
      { toolCalls: [{ index: 1, id: 'c1', type: 'function', function: { name: 'g', arguments: '' } }] },
      { toolCalls: [{ index: 0, id: 'c0', type: 'function', function: { name: 'f', arguments: '{"a"' } }] },
      { toolCalls: [{ index: 0, function: { arguments: ':1}' } }] },
    ]);
  });

  test('no [DONE] after a finish reason, a finish reason of no name, an answer in one piece: all are answers', async () => {
    const scripts: ScriptedEngine['script'][] = [
      (_asked, response) => {
        events(response, chunk({ content: 'ok' }), chunk({}, 'stop'));
        response.end();
      },
      (_asked, response) => {
        events(response, chunk({ content: 'ok' }, 'eos'), '[DONE]');
        response.end();
      },
      (_asked, response) =>
        json(response, 200, {
          choices: [{ index: 0, message: { content: 'ok' }, finish_reason: 'stop' }],
          usage: USAGE,
        }),
    ];
    const server = await serve((asked, response) => scripts[server.asked.length - 1]?.(asked, response));
    const engine = openai(server.url);
    for (const _script of scripts) {
      expect(await engine.chat(ORDER, run())).toMatchObject({ text: 'ok', finishReason: 'stop' });
    }
  });

  test('a generation of /invoke is one user message, in one piece where nobody reads along', async () => {
    const server = await serve(({ body }, response) => {
      if (body.stream !== true) {
        json(response, 200, { choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }], usage: USAGE });
        return;
      }
      events(response, chunk({ content: 'ok' }), chunk({}, 'stop'), { choices: [], usage: USAGE }, '[DONE]');
      response.end();
    });
    const engine = openai(server.url);
    const order = { model: '', prompt: 'p', numPredict: 40, numCtx: 1024, temperature: 0.2 };
    const sent = { model: 'm', messages: [{ role: 'user', content: 'p' }], max_tokens: 40, temperature: 0.2 };
    expect(await engine.generate(order, whole())).toMatchObject({ text: 'ok', usage: { input: 5, output: 2 } });
    expect(await engine.generate(order, run())).toMatchObject({ text: 'ok', usage: { input: 5, output: 2 } });
    expect(server.asked.map(({ body }) => body)).toEqual([
      sent,
      { ...sent, stream: true, stream_options: { include_usage: true } },
    ]);
  });

  test('completions, embeddings, models; without a name the first model is asked', async () => {
    const server = await serve(({ path }, response) => {
      if (path === '/v1/completions') {
        events(
          response,
          { choices: [{ index: 0, text: 'a' }] },
          { choices: [{ index: 0, text: 'b', finish_reason: 'length' }] },
        );
        events(response, '[DONE]');
        response.end();
      } else if (path === '/v1/embeddings') {
        const data = [
          { index: 1, embedding: [0, 1] },
          { index: 0, embedding: [1, 0] },
        ];
        json(response, 200, { data, usage: { prompt_tokens: 4 } });
      } else {
        const created = 1_767_225_600;
        json(response, 200, { data: [{ id: 'f.gguf', owned_by: 'llamacpp', created, meta: { size: 77 } }] });
      }
    });
    const engine = openai(server.url, { model: '', digest: 'abc' });
    const completion = { model: '', prompt: 'p', maxTokens: 3, sampling: {} };
    expect(engine.ownModel).toBe('');
    expect(await engine.complete(completion, run())).toMatchObject({ text: 'ab', finishReason: 'length' });
    expect(engine.ownModel).toBe('f.gguf');
    expect(server.asked[1]?.body).toMatchObject({ model: 'f.gguf', prompt: 'p', max_tokens: 3 });
    expect(await engine.embed({ model: '', input: ['x', 'y'], dimensions: 2 }, whole())).toMatchObject({
      vectors: [
        [1, 0],
        [0, 1],
      ],
      inputTokens: 4,
    });
    expect(server.asked[2]?.body).toMatchObject({ input: ['x', 'y'], dimensions: 2, encoding_format: 'float' });
    expect(await engine.models()).toEqual([
      {
        id: 'f.gguf',
        ownedBy: 'llamacpp',
        created: 1_767_225_600,
        tag: {
          name: 'f.gguf',
          model: 'f.gguf',
          modified_at: '2026-01-01T00:00:00.000Z',
          size: 77,
          digest: 'abc',
          details: {},
        },
      },
    ]);
  });
});

describe.each([
  ['ollama', ollama, '/api/embed'],
  ['openai', openai, '/v1/embeddings'],
] as const)('%s without embeddings', (_kind, engineOf, path) => {
  test.each([404, 405, 501])('%d: the refusal names engine and route', async (status) => {
    const server = await serve((_asked, response) => {
      response.writeHead(status);
      response.end('404 page not found');
    });
    const refused = engineOf(server.url).embed({ model: 'm', input: ['x'] }, whole());
    await expect(refused).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      message: `the engine at ${server.url} has no ${path}`,
    });
  });

  test('a model that cannot do it is told of in the words of the engine, which has the route', async () => {
    const error = 'this model does not support embeddings';
    const server = await serve((_asked, response) => json(response, 501, { error }));
    const refused = engineOf(server.url).embed({ model: 'm', input: ['x'] }, whole());
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', message: error });
  });

  test('a model that is not there is the caller’s matter', async () => {
    const server = await serve((_asked, response) =>
      json(response, 404, { error: 'model "m" not found, try pulling it' }),
    );
    const refused = engineOf(server.url).embed({ model: 'm', input: ['x'] }, whole());
    await expect(refused).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  });

  test.each([{}, { embeddings: [], data: [] }, { embeddings: [['x']], data: [{ index: 0, embedding: 'x' }] }])(
    '%o is no list of embeddings',
    async (body) => {
      const server = await serve((_asked, response) => json(response, 200, body));
      const refused = engineOf(server.url).embed({ model: 'm', input: ['x'] }, whole());
      await expect(refused).rejects.toMatchObject({ status: 502, code: 'engine_error' });
    },
  );
});

test.each([
  ['ollama', ollama],
  ['openai', openai],
] as const)('%s: a list of models that cannot be had is a 502, and is asked for again', async (kind, engineOf) => {
  const server = await serve((_asked, response) => json(response, 500, { error: 'oops' }));
  const engine = engineOf(server.url);
  const message = kind === 'ollama' ? 'ollama error: oops' : 'engine error: oops';
  const refused = { status: 502, code: 'engine_error', message };
  await expect(engine.models()).rejects.toMatchObject(refused);
  await expect(engine.models()).rejects.toMatchObject(refused);
  expect(server.asked).toHaveLength(2);
});
