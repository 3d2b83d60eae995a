import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { ContextRule } from '../../../../templates/services/common/engine/context.ts';
import type { ChatOrder, Delta, Engine } from '../../../../templates/services/common/engine/engine.ts';
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

const ORDER: ChatOrder = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], maxTokens: 9, sampling: {} };
const GENERATION = { model: 'm', prompt: 'p', numPredict: 1, numCtx: 512, temperature: 0 };
const KEY = 'sk-secret-engine-key';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(kind: 'ollama' | 'openai', script: ScriptedEngine['script']): Promise<Engine> {
  const server = await ScriptedEngine.open(script);
  open.push(() => server.close());
  const headers = { authorization: `Bearer ${KEY}` };
  const settings = engineSettings(server.url, { kind, headers, timeoutMs: 2000 });
  const engine =
    kind === 'ollama'
      ? new OllamaEngine(settings, new ContextRule('m', 1024, 4096))
      : new OpenAiEngine(settings, new OwnModel('m'), () => {});
  open.push(() => engine.close());
  return engine;
}

const streaming =
  (...values: readonly unknown[]) =>
  (_asked: unknown, response: ServerResponse) => {
    events(response, ...values);
    response.end();
  };
const lining =
  (...values: readonly unknown[]) =>
  (_asked: unknown, response: ServerResponse) => {
    lines(response, ...values);
    response.end();
  };

async function ask(engine: Engine, order = ORDER) {
  const deltas: Delta[] = [];
  const sink = (batch: readonly Delta[]) => {
    deltas.push(...batch);
    return undefined;
  };
  const ended = await engine.chat(order, { scope: openScope(), who: 'ollama', sink }).then(
    (answer) => ({ answer }),
    (error: { status: number; message: string; code?: string; param?: string }) => ({ error }),
  );
  return { deltas, answer: undefined, error: undefined, ...ended };
}

const STOP = chunk({}, 'stop');
const calls = (...each: readonly unknown[]) => chunk({ tool_calls: each });
const choice = (fields: object) => ({ choices: [fields] });

describe('what ends like an answer and is none is a failure', () => {
  test.each([
    ['nothing', ['[DONE]'], 'sent no part of an answer'],
    ['usage alone', [{ choices: [], usage: { prompt_tokens: 1 } }, '[DONE]'], 'sent no part of an answer'],
    ['a role and no end', [chunk({ role: 'assistant', content: '' }), '[DONE]'], 'sent no part of an answer'],
    ['an end and nothing before', [choice({ index: 0, finish_reason: 'stop' }), '[DONE]'], 'sent no part of an answer'],
    ['a text as delta', [choice({ index: 0, delta: 'Hello' }), STOP, '[DONE]'], 'sent a piece that is no part'],
    ['a list as delta', [choice({ index: 0, delta: ['Hello'] }), STOP, '[DONE]'], 'sent a piece that is no part'],
    ['another choice', [choice({ index: 1, delta: { content: 'x' } }), STOP, '[DONE]'], 'sent a choice that was not'],
    ['no choice', [{ choices: ['x'] }, STOP, '[DONE]'], 'sent a choice that was not asked for'],
    ['text that is none', [chunk({ content: 5 }), STOP, '[DONE]'], 'sent a piece whose text is none'],
    ['thoughts that are none', [chunk({ reasoning: { a: 1 } }), STOP, '[DONE]'], 'sent a piece whose text is none'],
    ['calls that are no list', [chunk({ tool_calls: {} }), STOP, '[DONE]'], 'sent tool calls that are no list'],
    ['a call that is none', [calls('x'), STOP, '[DONE]'], 'sent a tool call that is none'],
    ['a call without a name', [calls({ index: 0, id: 'c' }), STOP, '[DONE]'], 'asked for a tool without a name'],
    [
      'an argument alone',
      [calls({ function: { arguments: '{}' } }), STOP, '[DONE]'],
      'asked for a tool without a name',
    ],
    ['no call where tools are asked for', [calls({}), chunk({}, 'tool_calls'), '[DONE]'], 'asked for a tool without a'],
  ])('OpenAI, %s', async (_what, said, message) => {
    const { error } = await ask(await serve('openai', streaming(...said)));
    expect(error).toMatchObject({ status: 502, code: 'engine_error' });
    expect(error?.message).toContain(`ollama error: ${message}`);
  });

  test.each([
    ['an end and nothing before', [{ done: true }], 'sent no part of an answer'],
    ['a text as message', [{ message: 'Hello', done: true }], 'sent a piece that is no part of a message'],
    ['thoughts that are none', [{ message: { thinking: 5 }, done: true }], 'sent a piece whose text is none'],
    ['calls that are no list', [{ message: { tool_calls: 'f' }, done: true }], 'sent tool calls that are no list'],
    [
      'a call without a name',
      [{ message: { tool_calls: [{ function: {} }] }, done: true }],
      'asked for a tool without',
    ],
    ['a call that is none', [{ message: { tool_calls: [null] }, done: true }], 'asked for a tool without a name'],
  ])('Ollama, %s', async (_what, said, message) => {
    const { error } = await ask(await serve('ollama', lining(...said)));
    expect(error).toMatchObject({ status: 502, code: 'engine_error' });
    expect(error?.message).toContain(`ollama error: ${message}`);
  });

  test.each([
    [{ choices: [{ index: 0 }] }],
    [{ choices: [{ index: 0, finish_reason: 'stop' }] }],
    [{ choices: [{ index: 0, message: 'x', finish_reason: 'stop' }] }],
    [{ choices: [{ index: 1, message: { content: 'x' }, finish_reason: 'stop' }] }],
    [{ choices: [{ index: 0, message: { content: '' } }] }],
  ])('in one piece: %o', async (body) => {
    const engine = await serve('openai', (_asked, response) => json(response, 200, body));
    const refused = { status: 502, code: 'engine_error' };
    await expect(engine.generate(GENERATION, { scope: openScope(), who: 'ollama' })).rejects.toMatchObject(refused);
    expect((await ask(engine)).error).toMatchObject(refused);
  });

  test('a model that ends at once has answered: with nothing', async () => {
    const { answer } = await ask(await serve('openai', streaming(chunk({ content: '' }, 'stop'), '[DONE]')));
    expect(answer).toMatchObject({ text: '', finishReason: 'stop' });
    const end = { message: { content: '' }, done: true, done_reason: 'stop' };
    expect((await ask(await serve('ollama', lining(end)))).answer).toMatchObject({ text: '' });
  });
});

describe('a refusal of the model', () => {
  test('is passed on as one, in pieces and whole', async () => {
    const said = [chunk({ refusal: 'I must' }), chunk({ refusal: ' not.' }), STOP, '[DONE]'];
    const { deltas, answer } = await ask(await serve('openai', streaming(...said)));
    expect(deltas).toEqual([{ refusal: 'I must' }, { refusal: ' not.' }]);
    expect(answer).toMatchObject({ text: '', refusal: 'I must not.', finishReason: 'stop' });
  });

  test('is the text of a generation, which has no other place for it', async () => {
    const engine = await serve('openai', ({ body }, response) => {
      if (body.stream) streaming(chunk({ refusal: 'No.' }), STOP, '[DONE]')(undefined, response);
      else json(response, 200, choice({ message: { content: null, refusal: 'No.' }, finish_reason: 'stop' }) as object);
    });
    for (const sink of [undefined, () => undefined]) {
      const run = { scope: openScope(), who: 'ollama', ...(sink && { sink }) };
      expect(await engine.generate(GENERATION, run)).toMatchObject({ text: 'No.' });
    }
  });
});

describe('calls of tools', () => {
  test('get an id where the engine has none, objects become text, and what is known is not repeated', async () => {
    const said = [
      calls({ index: 0, function: { name: 'f' } }, { index: 1, id: 7, function: { name: 'g', arguments: { b: 2 } } }),
      calls({ index: 0, function: { arguments: '{"a":1}' } }),
      calls({ index: 0, id: 'late' }, { index: 1, id: 'again', function: { arguments: '' } }),
      chunk({}, 'tool_calls'),
      '[DONE]',
    ];
    const { deltas, answer } = await ask(await serve('openai', streaming(...said)));
    const id = expect.stringMatching(/^call_[0-9a-f]{24}$/);
    expect(answer?.toolCalls).toEqual([
      { id, type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
      { id: '7', type: 'function', function: { name: 'g', arguments: '{"b":2}' } },
    ]);
    expect(deltas.map(({ toolCalls }) => toolCalls?.map((each) => each.id))).toEqual([[id, '7'], [undefined]]);
  });

  test('count with their ids and their pieces: none is an endless answer', async () => {
    const engine = (piece: () => unknown) =>
      serve('openai', async (_asked, response) => {
        while (!response.destroyed) {
          events(response, piece());
          if (response.writableNeedDrain) await drained(response);
        }
      });
    let at = 0;
    const byIds = await engine(() => calls({ index: at++ % 1000, id: 'x'.repeat(100_000), function: { name: 'f' } }));
    expect((await ask(byIds)).error?.message).toBe('ollama error: sent an answer of more than 8 MiB');
    const byPieces = await engine(() => calls(...Array.from({ length: 500 }, () => ({ function: { name: 'f' } }))));
    expect((await ask(byPieces)).error?.message).toBe('ollama error: sent an answer of more than 8 MiB');
  });

  test.each([
    ['a call', calls({ index: 0, id: 'c', function: { arguments: '' } })],
    ['a list of none', chunk({ tool_calls: [] })],
    ['logprobs', choice({ index: 0, delta: {}, logprobs: { content: [] } })],
    ['a refusal', chunk({ refusal: '' })],
  ])('%s that holds nothing is no progress', async (_what, empty) => {
    let timer: NodeJS.Timeout | undefined;
    const engine = await serve('openai', (_asked, response) => {
      events(response, calls({ index: 0, id: 'c', function: { name: 'f' } }));
      timer = setInterval(() => events(response, empty), 50);
    });
    const { error, deltas } = await ask(engine);
    clearInterval(timer);
    expect(error).toMatchObject({ status: 504, code: 'timeout' });
    expect(deltas).toHaveLength(1);
  });
});

describe('the engine’s key is in no text, whatever status it comes with', () => {
  const long = `${'x '.repeat(240)}${KEY} and more`;
  test.each([
    ['an error event', streaming({ error: { message: `boom ${KEY}` } })],
    ['an error event that is cut', streaming({ error: { message: long } })],
    ['an error event without JSON', (_: unknown, out: ServerResponse) => void out.end(`error: boom ${KEY}\n\n`)],
    ['no JSON', streaming(`<html>${KEY}`)],
    ['an error object', (_: unknown, out: ServerResponse) => json(out, 200, { error: `boom ${KEY}` })],
    ['an error object that is cut', (_: unknown, out: ServerResponse) => json(out, 200, { error: { message: long } })],
    ['a refusal', (_: unknown, out: ServerResponse) => json(out, 400, { error: { message: `bad key ${KEY}` } })],
  ])('%s', async (_what, script) => {
    const engine = await serve('openai', script);
    const { error } = await ask(engine);
    const whole = engine.generate(GENERATION, { scope: openScope(), who: 'ollama' });
    const generated = await whole.catch((failure: Error) => failure);
    for (const each of [error, generated]) {
      expect(each).toHaveProperty('message', expect.not.stringContaining(KEY.slice(0, 8)));
    }
    expect(error?.message).toContain('***');
  });

  test.each([{ error: `boom ${KEY}` }, { object: 'error', message: `boom ${KEY}` }])('Ollama, %o', async (line) => {
    const { error } = await ask(await serve('ollama', lining(line)));
    expect(error?.message).toBe('ollama error: boom ***');
    const engine = await serve('ollama', (_asked, response) => json(response, 200, line));
    const whole = engine.generate(GENERATION, { scope: openScope(), who: 'ollama' });
    await expect(whole).rejects.toMatchObject({ status: 502, message: 'ollama error: boom ***' });
  });
});

describe('refusals name what they are about', () => {
  const refused = async (kind: 'ollama' | 'openai', body: unknown, order = ORDER) =>
    (await ask(await serve(kind, (_asked, response) => json(response, 400, body)), order)).error;

  test.each([
    ['"phi3" does not support thinking', 'reasoning_effort'],
    ['think value "low" is not supported for this model', 'reasoning_effort'],
    ['registry.ollama.ai/library/phi3:mini does not support tools', 'tools'],
    ['tools param requires --jinja flag', 'tools'],
    ['"auto" tool choice requires --enable-auto-tool-choice', 'tool_choice'],
    ['"nomic-embed-text" does not support chat', 'model'],
  ])('%s', async (error, param) => {
    const expected = { status: 400, code: 'unsupported_parameter', param, message: error };
    expect(await refused('ollama', { error })).toMatchObject(expected);
    expect(await refused('openai', { error: { message: error, param: null } })).toMatchObject(expected);
  });

  test('a field that the engine itself names', async () => {
    const error = { message: 'top_k must be -1 or at least 1', param: 'top_k', code: 400 };
    expect(await refused('openai', { error })).toMatchObject({ status: 400, param: 'top_k', code: undefined });
    const odd = { message: 'no', param: 'a b\u001b[31m' };
    expect((await refused('openai', { error: odd }))?.param).toBeUndefined();
  });

  test('a prompt that is too long: its length where that is known, the limit, the model, the setting', async () => {
    const ollama = await refused('ollama', { error: 'the input length exceeds the context length' });
    expect(ollama).toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'messages' });
    expect(ollama?.message).toBe(
      "this model's maximum context length is 4096 tokens (model m, set by CHAT_NUM_CTX): the input length exceeds the context length",
    );
    const message = 'request (900 tokens) exceeds the available context size (512 tokens), try increasing it';
    const llama = { code: 400, message, type: 'exceed_context_size_error', n_prompt_tokens: 900, n_ctx: 512 };
    expect((await refused('openai', { error: llama }))?.message).toBe(
      `this model's maximum context length is 512 tokens, and the prompt has 900 (model m, set where the engine is started): ${message}`,
    );
    const vllm = "This model's maximum context length is 512 tokens. However, your request has 900 input tokens.";
    expect((await refused('openai', { error: { message: vllm } }))?.message).toBe(
      `${vllm} (model m, set where the engine is started)`,
    );
  });
});

describe('reasoning_effort with Ollama', () => {
  test.each([
    ['qwen3', 'high', true],
    ['qwen3', 'minimal', true],
    ['qwen3', 'none', false],
    ['gptoss', 'high', 'high'],
    ['gptoss', 'minimal', 'low'],
    ['gptoss', 'none', false],
  ])('%s, %s: think is %s', async (family, reasoningEffort, think) => {
    let asked: unknown;
    const engine = await serve('ollama', ({ path, body }, response) => {
      if (path === '/api/tags') return json(response, 200, { models: [{ name: 'm:latest', details: { family } }] });
      asked = body.think;
      return lining({ message: { content: 'ok' }, done: true })(undefined, response);
    });
    expect((await ask(engine, { ...ORDER, reasoningEffort })).answer?.text).toBe('ok');
    expect(asked).toBe(think);
  });

  test('the name has to do where the list cannot be had', async () => {
    const thinks: unknown[] = [];
    const engine = await serve('ollama', ({ path, body }, response) => {
      if (path === '/api/tags') return json(response, 500, {});
      thinks.push(body.think);
      return lining({ message: { content: 'ok' }, done: true })(undefined, response);
    });
    for (const model of ['gpt-oss:20b', 'qwen3']) await ask(engine, { ...ORDER, model, reasoningEffort: 'low' });
    expect(thinks).toEqual(['low', true]);
  });
});

test('a chat that is refused before it is asked leaves no model settling', async () => {
  const contexts = new ContextRule('m', 1024, 4096);
  const engine = new OllamaEngine(engineSettings('http://127.0.0.1:9'), contexts);
  open.push(() => engine.close());
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '[1' } } as const;
  const messages = [{ role: 'assistant', content: null, tool_calls: [call] }] as const;
  await expect(engine.chat({ ...ORDER, messages }, { scope: openScope(), who: 'x' })).rejects.toThrow('JSON object');
  expect(contexts.settling).toBe(false);
});

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
