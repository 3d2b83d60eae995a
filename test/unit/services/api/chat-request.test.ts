import { describe, expect, test } from 'vitest';
import { chatSchema, exampleServiceSchema, readChat } from '../../../../templates/services/common/api/chat-request.ts';
import { Cors } from '../../../../templates/services/common/api/cors.ts';
import type { ApiSettings } from '../../../../templates/services/common/api/settings.ts';
import { Problem } from '../../../../templates/services/common/problem.ts';

const SETTINGS: ApiSettings = {
  cors: new Cors([]),
  defaultModel: '',
  defaultMaxTokens: 1024,
  maxContextMessages: 20,
  chatTimeoutMs: 600_000,
  pingMs: 15_000,
};
const USER = { role: 'user', content: 'Hello!' };

const read = (body: unknown, kind: 'ollama' | 'openai' = 'ollama') => readChat(chatSchema(kind), body, kind, SETTINGS);

function refusal(work: () => unknown): Pick<Problem, 'status' | 'param' | 'code' | 'message'> {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Values that are of no use for any field that is not one of these types. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  model: [1, true, [], {}],
  max_tokens: ['5', 0, -1, 1.5, true, [], {}],
  max_completion_tokens: ['5', 0, -1, 1.5, true, [], {}],
  temperature: ['1', -0.1, 2.1, true, [], {}],
  top_p: ['1', -0.1, 1.1, true],
  top_k: ['1', 1.5, true],
  min_p: ['1', -1, 2],
  seed: ['1', 0.5, true],
  stop: [1, true, {}, [1], ['a', 'b', 'c', 'd', 'e']],
  frequency_penalty: ['1', 3, true],
  presence_penalty: ['1', -3, true],
  repeat_penalty: ['1', -1, true],
  repetition_penalty: ['1', -1, true],
  stream: ['true', 1, [], {}],
  stream_options: ['x', 1, []],
  response_format: ['json', 1, [], {}, { type: 'xml' }, { type: 'json_schema' }],
  tools: ['x', {}, [1], [{ type: 'function' }], [{ type: 'x', function: { name: 'f' } }]],
  tool_choice: [1, 'required', {}, []],
  reasoning_effort: [1, 'much'],
  n: [2, 0, '1'],
  logit_bias: [{ 5: 1 }, 1, []],
  logprobs: [true, 1],
  top_logprobs: [1, '1'],
  modalities: ['text', ['audio'], ['text', 'audio']],
  functions: [[], 'x'],
  function_call: ['auto', {}],
  audio: [{}, 'x'],
};

describe('every field of the wrong type or range is refused by name', () => {
  test.each(Object.entries(WRONG).flatMap(([field, values]) => values.map((value) => [field, value] as const)))(
    '%s: %j',
    (field, value) => {
      const { status, param, message } = refusal(() => read({ messages: [USER], stream: true, [field]: value }));
      expect(status).toBe(400);
      expect(param?.split(/[.[]/)[0]).toBe(field);
      expect(message.startsWith(String(param))).toBe(true);
    },
  );

  test.each([
    [{}, 'messages'],
    [{ messages: null }, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: 'Hello!' }, 'messages'],
    [{ messages: [1] }, 'messages[0]'],
    [{ messages: [null] }, 'messages[0]'],
    [{ messages: [USER, { content: 'x' }] }, 'messages[1].role'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: null }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [] }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: ['x'] }] }, 'messages[0].content[0]'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: [{ type: 'refusal', refusal: 'x' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [{ messages: [USER, { role: 'assistant' }, USER] }, 'messages[1].content'],
    [{ messages: [USER, { role: 'assistant', content: null, tool_calls: [] }] }, 'messages[1].content'],
    [{ messages: [USER, { role: 'assistant', tool_calls: [{ id: 'c' }] }] }, 'messages[1].tool_calls[0].function'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ messages: [{ ...USER, name: 5 }] }, 'messages[0].name'],
  ])('%j: %s', (body, param) => {
    expect(refusal(() => read(body))).toMatchObject({ status: 400, param });
  });

  test.each(['text', 1, null, [], true])('a body that is %j', (body) => {
    expect(refusal(() => read(body))).toMatchObject({ status: 400, message: 'the body must be an object' });
  });
});

test('an empty object that some clients always send asks for nothing', () => {
  expect(read({ messages: [USER], logit_bias: {} })).toEqual(read({ messages: [USER] }));
});

test('what no engine of this kind takes has a code of its own', () => {
  for (const field of [
    { functions: [] },
    { audio: {} },
    { modalities: ['audio'] },
    { logprobs: true },
    { top_logprobs: 2 },
  ]) {
    expect(refusal(() => read({ messages: [USER], ...field }))).toMatchObject({ code: 'unsupported_parameter' });
  }
  const logprobs = { logprobs: true, top_logprobs: 2, logit_bias: { 5: 1 } };
  expect(read({ messages: [USER], ...logprobs }, 'openai').ask.order.logprobs).toEqual(logprobs);
});

test('stream_options are for streams', () => {
  expect(refusal(() => read({ messages: [USER], stream_options: {} }))).toMatchObject({ param: 'stream_options' });
  expect(read({ messages: [USER], stream: true, stream_options: { include_usage: true } })).toMatchObject({
    stream: true,
    includeUsage: true,
  });
});

test('0 is a value, null is none, and unknown fields are passed over', () => {
  const { ask } = read({ messages: [USER], temperature: 0, seed: 0, top_p: null, user: 'x', metadata: { a: 1 } });
  expect(ask.order).toEqual({ maxTokens: 1024, sampling: { temperature: 0, seed: 0 } });
});

test('what is passed on is not nested without end', () => {
  const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
  const tools = (levels: number) => [{ type: 'function', function: { name: 'f', parameters: nested(levels) } }];
  expect(read({ messages: [USER], tools: tools(100) }).ask.order.tools).toHaveLength(1);
  expect(refusal(() => read({ messages: [USER], tools: tools(100_000) }))).toMatchObject({
    status: 400,
    message: 'the body is nested deeper than 200 levels',
  });
});

test('any integer is a seed, as far as engines can count', () => {
  const seedOf = (seed: number) => read({ messages: [USER], seed }).ask.order.sampling.seed;
  expect([seedOf(-7), seedOf(Number.MAX_SAFE_INTEGER)]).toEqual([-7, Number.MAX_SAFE_INTEGER]);
  expect([seedOf(1e300), seedOf(2 ** 63), seedOf(-(2 ** 70))].every(Number.isSafeInteger)).toBe(true);
});

test('the newer name of a limit wins; what no engine could count is as much as it can', () => {
  expect(read({ messages: [USER], max_tokens: 5, max_completion_tokens: 7 }).ask.order.maxTokens).toBe(7);
  expect(read({ messages: [USER], max_tokens: 1e15 }).ask.order.maxTokens).toBe(2 ** 31 - 1);
});

test('messages become what engines take', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } };
  const { ask } = read({
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', content: '5', tool_call_id: 'c1' },
      { role: 'assistant', refusal: 'No.' },
      { role: 'user', content: '', name: 'Ann' },
    ],
  });
  expect(ask.messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'one\ntwo' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', content: '5', tool_call_id: 'c1' },
    { role: 'assistant', content: 'No.' },
    { role: 'user', content: '', name: 'Ann' },
  ]);
});

test('formats, tools and their choice', () => {
  const schema = { type: 'object', properties: {} };
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const orderOf = (fields: object, kind?: 'openai') => read({ messages: [USER], ...fields }, kind).ask.order;
  expect(orderOf({ response_format: { type: 'text' } }).format).toBeUndefined();
  expect(orderOf({ response_format: { type: 'json_object' } }).format).toEqual({ kind: 'json' });
  const format = { type: 'json_schema', json_schema: { name: 'n', schema, strict: true } };
  expect(orderOf({ response_format: format }).format).toEqual({ kind: 'schema', name: 'n', schema, strict: true });
  expect(orderOf({ tools, tool_choice: 'auto' })).toMatchObject({ tools });
  expect(orderOf({ tools, tool_choice: 'none' }).tools).toBeUndefined();
  const choice = { type: 'function', function: { name: 'f' } };
  expect(orderOf({ tools, tool_choice: choice }, 'openai')).toMatchObject({ tools, toolChoice: choice });
});

test('the example service takes a text for messages, but no empty one', () => {
  const schema = exampleServiceSchema('ollama');
  const { ask } = readChat(schema, { messages: 'Hello!' }, 'ollama', SETTINGS);
  expect(ask.messages).toEqual([{ role: 'user', content: 'Hello!' }]);
  expect(refusal(() => readChat(schema, { messages: '' }, 'ollama', SETTINGS))).toMatchObject({ param: 'messages' });
});

test('10,000 messages are read, and trimmed to the last ones', () => {
  const messages = Array.from({ length: 10_000 }, (_, at) => ({
    role: at % 2 === 0 ? 'user' : 'assistant',
    content: `${at}`,
  }));
  const { ask, dropped } = read({ messages: [{ role: 'system', content: 's' }, ...messages] });
  expect(dropped).toBe(9980);
  expect(ask.messages).toHaveLength(21);
  expect(ask.messages[1]?.content).toBe('9980');
});
