import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defined } from '../../../src/services/defined.ts';
import { checkForm, lostTokens } from '../../../src/services/load/discovery/check-form.ts';
import { asking, type RequestForm } from '../../../src/services/load/protocols/ask.ts';
import { checkTemplate, isSameForAll } from '../../../src/services/load/protocols/body-template.ts';
import { PROTOCOLS, protocolNamed, protocolOf } from '../../../src/services/load/protocols/protocols.ts';
import { writeBody } from '../../../src/services/load/protocols/write-body.ts';
import { openWorkload, type WorkloadRequest } from '../../../src/services/load/workload/open-workload.ts';

describe('the path decides, by its longest known end', () => {
  test.each([
    ['/chain', 'chain'],
    ['/x/invoke/', 'invoke'],
    ['/v1/chat/completions', 'openai-chat'],
    ['/openai/chat/completions', 'openai-chat'],
    ['/v1/example-service', 'openai-chat'],
    ['/v1/completions', 'openai-completions'],
    ['/serving/completions', 'openai-completions'],
    ['/api/generate', 'ollama-generate'],
    ['/ollama/api/chat', 'ollama-chat'],
    ['/completion', 'raw'],
    ['/generate', 'raw'],
    ['/', 'raw'],
  ])('%s is %s', (path, name) => expect(protocolOf({ targetUrl: `http://h${path}` }).name).toBe(name));
});

describe('bodies', () => {
  const ask = { messages: [{ role: 'system', content: 's' } as const, ...asking('p "q"').messages], maxTokens: 7 };
  const form = (api: string, more: Partial<RequestForm> = {}): RequestForm => ({
    api,
    stream: false,
    model: 'm',
    ...more,
  });
  const body = (...of: Parameters<typeof form>) => JSON.parse(writeBody(ask, form(...of)));

  test('of a chat: the messages as they are, and nothing that was not asked for', () => {
    expect(body('openai-chat')).toEqual({ model: 'm', messages: ask.messages, max_tokens: 7 });
    const all = { stream: true, temperature: 0, ignoreEos: true, maxTokensField: 'max_completion_tokens' };
    expect(body('openai-chat', all)).toEqual({
      ...{ model: 'm', messages: ask.messages, max_completion_tokens: 7, temperature: 0, ignore_eos: true },
      ...{ stream: true, stream_options: { include_usage: true } },
    });
    expect(body('openai-chat', { stream: true, usage: false })).not.toHaveProperty('stream_options');
    expect(JSON.parse(writeBody(asking('p'), form('openai-chat')))).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'p' }],
    });
  });

  test('of a completion: one text', () => {
    expect(body('openai-completions')).toEqual({ model: 'm', prompt: 'system: s\n\nuser: p "q"', max_tokens: 7 });
    expect(JSON.parse(writeBody(asking('p'), form('openai-completions')))).toEqual({ model: 'm', prompt: 'p' });
  });

  test('of Ollama: stream is always told, limits are options', () => {
    expect(body('ollama-generate', { temperature: 0.5 })).toEqual({
      ...{ model: 'm', prompt: 'system: s\n\nuser: p "q"', stream: false },
      options: { num_predict: 7, temperature: 0.5 },
    });
    expect(body('ollama-chat', { stream: true })).toMatchObject({ messages: ask.messages, stream: true });
    expect(JSON.parse(writeBody(asking('p'), form('ollama-chat')))).not.toHaveProperty('options');
  });

  test('by a template, whatever the form is', () => {
    const template = checkTemplate(
      '\ufeff{"m":"{{model}}","q":"Q: {{ prompt }}","all":{{messages}},"n":{{max_tokens}},"s":{{stream}},"id":"r{{request}}"}',
      'body.json',
    );
    expect(JSON.parse(writeBody({ ...ask, request: 12 }, form('raw', { template, stream: true })))).toEqual({
      ...{ m: 'm', q: 'Q: system: s\n\nuser: p "q"', all: ask.messages, n: 7, s: true, id: 'r12' },
    });
    expect(JSON.parse(writeBody(asking('p'), form('openai-chat', { template })))).toMatchObject({ n: null, s: false });
    expect([isSameForAll(template), isSameForAll('{"model":"{{model}}"}')]).toEqual([false, true]);
  });

  test.each([
    ['{"a": 1,\n "b": {{promt}}}', /^b\.json: line 2 has a place \{\{promt\}\}/, 'did you mean {{prompt}}?'],
    ['{"a": 1,\n "b": {{prompt}}}', /^b\.json: line 2 is no JSON when filled in/, 'write "{{prompt}}"'],
    ['{"a": "{{messages}}"}', /is no JSON when filled in/, 'without'],
    ['prompt={{prompt}}', /is no JSON when filled in/, 'in quotes'],
    ['', /is no JSON when filled in/, 'in quotes'],
  ])('a template that is none: %j', (text, fault, step) => {
    expect(() => checkTemplate(text, 'b.json')).toThrow(
      expect.objectContaining({
        exit: 2,
        message: expect.stringMatching(fault),
        nextSteps: [expect.stringContaining(step)],
      }),
    );
  });
});

const usage = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 };
const chat = (message: unknown, more: object = {}) => ({
  ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm', usage },
  choices: [{ index: 0, message, finish_reason: 'stop', ...more }],
});
const said = (content: unknown) => ({ role: 'assistant', content });
const completion = (text: unknown, finish_reason: unknown = 'stop') => ({
  model: 'm',
  choices: [{ index: 0, text, finish_reason }],
  usage,
});
const generated = { model: 'm', response: 'x', done: true, done_reason: 'stop', prompt_eval_count: 5, eval_count: 3 };
const talked = { ...generated, response: undefined, message: said('x') };
const judge = (api: string, body: unknown, status = 200) =>
  protocolNamed(api).judge(status, typeof body === 'string' ? body : JSON.stringify(body));

describe('whole answers that are successes, with their tokens', () => {
  test.each([
    ['openai-chat', 'text', chat(said('x'))],
    ['openai-chat', 'cut by its limit', chat(said('x'), { finish_reason: 'length' })],
    ['openai-chat', 'a tool call', chat({ ...said(null), tool_calls: [{ id: 'c' }] }, { finish_reason: 'tool_calls' })],
    ['openai-chat', 'a function call', chat({ ...said(null), function_call: { name: 'f' } })],
    ['openai-chat', 'parts', chat(said([{ type: 'text', text: 'x' }]))],
    ['openai-chat', 'reasoning alone', chat({ ...said(''), reasoning_content: 'hm' })],
    ['openai-chat', 'reasoning as Ollama has it', chat({ ...said(''), reasoning: 'hm' })],
    ['openai-chat', 'a refusal', chat({ ...said(null), refusal: 'no' })],
    ['openai-chat', 'hidden reasoning that used up its tokens', chat(said(''), { finish_reason: 'length' })],
    ['openai-chat', 'a reason that we do not know', chat(said('x'), { finish_reason: 'eos' })],
    ['openai-chat', 'an error that is null', { ...chat(said('x')), error: null }],
    ['openai-completions', 'text', completion('x')],
    ['ollama-generate', 'text', generated],
    ['ollama-generate', 'thinking alone', { ...generated, response: '', thinking: 'hm' }],
    ['ollama-chat', 'text', talked],
    ['ollama-chat', 'a tool call', { ...talked, message: { ...said(''), tool_calls: [{}] } }],
  ])('%s: %s', (api, _what, body) => {
    expect(judge(api, body)).toEqual({
      ...{
        outcome: 'ok',
        class: 'ok',
        error: '',
        model: 'm',
        finish: expect.stringMatching(/^(stop|length|tool_calls|eos)$/),
      },
      figures: { prompt_tokens: 5, output_tokens: 3 },
    });
  });

  test('without usage there are no tokens; llama-server tells them elsewhere; a service of ours tells its host', () => {
    const { usage: _, ...bare } = chat(said('x'));
    expect(judge('openai-chat', bare)).toMatchObject({ outcome: 'ok', figures: {} });
    expect(judge('openai-chat', { ...bare, timings: { prompt_n: 4, predicted_n: 2 } }).figures).toEqual({
      prompt_tokens: 4,
      output_tokens: 2,
    });
    expect(judge('openai-chat', { ...bare, chainctl: { host: 'b-1' } }).host).toBe('b-1');
    expect(judge('ollama-chat', { ...talked, host: 'b-2' }).host).toBe('b-2');
  });
});

describe('a 200 that is no answer', () => {
  const empty = { ...usage, completion_tokens: 1, total_tokens: 6 };
  test.each([
    [
      'openai-chat',
      { error: { message: 'no such model', code: 404 } },
      'error-answer',
      'answered with an error: no such model',
    ],
    ['openai-chat', { error: 'busy' }, 'error-answer', 'answered with an error: busy'],
    [
      'openai-chat',
      { object: 'error', message: 'too long', code: 400 },
      'error-answer',
      'answered with an error: too long',
    ],
    ['raw', { error: { code: 7 } }, 'error-answer', 'answered with an error: an error without words'],
    ['raw', [{ error: { message: 'quota' } }], 'error-answer', 'answered with an error: quota'],
    ['raw', { data: null, errors: [{ message: 'no field x' }] }, 'error-answer', 'answered with an error: no field x'],
    ['raw', { message: 'fine', errors: { name: ['is blank'] } }, 'error-answer', 'answered with an error: fine'],
    ['raw', { errors: true, items: [] }, 'error-answer', 'answered with an error: an error without words'],
    [
      'raw',
      { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } },
      'error-answer',
      'answered with an error: RESOURCE_EXHAUSTED',
    ],
    ['raw', { error: 7, msg: 'no gpu' }, 'error-answer', 'answered with an error: no gpu'],
    ['raw', { status: 'error', message: 'no gpu' }, 'error-answer', 'answered with an error: no gpu'],
    ['raw', { success: false }, 'error-answer', 'answered with an error: an error without words'],
    [
      'raw',
      'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"error":{"message":"gone"}}\n\n',
      'stream-error',
      'the stream reports an error: gone',
    ],
    ['raw', '{"response":"a","done":false}\n{"error":"gone"}\n', 'stream-error', 'the stream reports an error: gone'],
    ['chain', { error: 'busy' }, 'error-answer', 'answered with an error: busy'],
    [
      'openai-chat',
      '<!DOCTYPE html>\n<html><head><title>Log in &amp; go</title>',
      'not-json',
      'the answer is a web page, "Log in & go"',
    ],
    ['openai-chat', '', 'not-json', 'the answer is empty'],
    ['openai-chat', 'ok', 'not-json', 'the answer is not a JSON object'],
    ['openai-chat', 'data: {}\n\n', 'not-json', 'the answer is a stream that was not asked for'],
    [
      'ollama-chat',
      '{"message":{"content":"a"},"done":false}\n{"message":{"content":""},"done":true}\n',
      'not-json',
      'the answer is a stream that was not asked for',
    ],
    ['openai-chat', {}, 'not-the-contract', 'the answer has no choices[0].message'],
    ['openai-chat', { choices: [] }, 'not-the-contract', 'the answer has no choices[0].message'],
    [
      'openai-chat',
      chat(said('x'), { finish_reason: null }),
      'not-the-contract',
      'the answer has no choices[0].finish_reason',
    ],
    // Of several answers each has to end.
    [
      'openai-chat',
      { choices: [...chat(said('x')).choices, { index: 1, message: said('y'), finish_reason: null }] },
      'not-the-contract',
      'the answer has no choices[1].finish_reason',
    ],
    ['openai-chat', completion('x'), 'not-the-contract', 'the answer has no choices[0].message'],
    ['openai-chat', { ...chat(said('')), usage: empty }, 'empty-answer', 'the answer is empty'],
    ['openai-chat', { ...chat(said(null)), usage: undefined }, 'empty-answer', 'the answer is empty'],
    [
      'openai-chat',
      chat(said('x'), { finish_reason: 'error' }),
      'error-answer',
      'the answer ends with finish_reason "error"',
    ],
    [
      'openai-chat',
      chat(said(''), { finish_reason: 'content_filter' }),
      'content-filter',
      'the target filtered the answer out',
    ],
    ['openai-completions', chat(said('x')), 'not-the-contract', 'the answer has no choices[0].text'],
    ['openai-completions', completion('x', null), 'not-the-contract', 'the answer has no choices[0].finish_reason'],
    ['ollama-generate', { ...generated, done: false }, 'not-the-contract', 'the answer has no done: true'],
    ['ollama-generate', talked, 'not-the-contract', 'the answer has no response'],
    ['ollama-generate', { error: 'out of memory' }, 'error-answer', 'answered with an error: out of memory'],
    ['ollama-chat', generated, 'not-the-contract', 'the answer has no message'],
  ])('%s %j', (api, body, name, error) => {
    const { finish: _, ...verdict } = judge(api, body);
    expect(verdict).toEqual({ outcome: 'invalid', class: name, error });
  });

  test('nested deeper than a stack, it is judged all the same', () => {
    const deep = (open: string, close: string, within = '') => open.repeat(50_000) + within + close.repeat(50_000);
    for (const body of [deep('[', ']'), `{"error":${deep('{"a":', '}', '0')}}`, `{"errors":${deep('[', ']')}}`]) {
      expect(judge('raw', body).outcome).toMatch(/^(ok|invalid)$/);
    }
    const content = deep('[{"text":', '}]', '"x"');
    const whole = `{"choices":[{"message":{"content":${content}},"finish_reason":"stop"}]}`;
    expect(judge('openai-chat', whole).outcome).toMatch(/^(ok|invalid)$/);
    const event = `data: {"choices":[{"delta":{"content":${content}},"finish_reason":"stop"}]}\n\n`;
    expect(judge('raw', event).outcome).toMatch(/^(ok|invalid)$/);
  });

  test.each([
    { error: null },
    { error: '' },
    { error: false },
    { error: 0, msg: 'ok' },
    { error: {} },
    { error: [] },
    { error: { code: 0, message: '' } },
    { errors: [] },
    { errors: {} },
    { errors: [null] },
    { errors: 0 },
    // How many there were among others.
    { errors: 3, took: 5 },
    { success: true, errors: [], messages: [] },
    { status: 'ok' },
    [],
    [{ label: 'x', error: null }],
    [0.1, 0.2],
  ])('%j is none that says so', (body) => {
    expect(judge('raw', body)).toMatchObject({ outcome: 'ok' });
  });
});

describe('a failure says why', () => {
  test.each([
    ['{"error":{"message":"bad","type":"t","code":null}}', 'HTTP 400 error: bad'],
    ['{"error":"bad"}', 'HTTP 400 error: bad'],
    ['{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}', 'HTTP 400 error: bad'],
    ['[{"error":{"message":"bad"}}]', 'HTTP 400 error: bad'],
    ['{"detail":"bad"}', 'HTTP 400: bad'],
    ['{"detail":{"error":"bad"}}', 'HTTP 400 error: bad'],
    [
      '{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"},{"loc":["body"],"msg":"no"}]}',
      'HTTP 400 error: messages.0.role: Field required; no',
    ],
    ['{"object":"error","message":"bad","type":"BadRequestError","code":400}', 'HTTP 400 error: bad'],
    ['{"message":"bad"}', 'HTTP 400 error: bad'],
    ['{"errors":[{"message":"bad"},{"message":"worse"}]}', 'HTTP 400 error: bad; worse'],
    ['{"type":"about:blank","title":"Bad request"}', 'HTTP 400 error: Bad request'],
    ['"bad"', 'HTTP 400 error: bad'],
    ['upstream connect error\n', 'HTTP 400 error: upstream connect error'],
    [
      '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>',
      'HTTP 400 error: a web page, "502 Bad Gateway", of nginx',
    ],
    ['<html><body><h1>No</h1>', 'HTTP 400 error: a web page, "No"'],
    ['', 'HTTP 400'],
    ['\u0000\u0001', 'HTTP 400'],
    ['{"ok":false}', 'HTTP 400'],
    ['{"error":{"message":"a\\u001b[31m\\nb"}}', 'HTTP 400 error: a [31m b'],
  ])('%j', (text, error) => expect(judge('openai-chat', text, 400)).toMatchObject({ class: '400', error }));

  test('a text is bounded, and the time to wait stays behind it', () => {
    const long = JSON.stringify({ error: 'x'.repeat(5000) });
    expect(judge('openai-chat', long, 400).error).toHaveLength(200);
    const { error } = protocolNamed('openai-chat').judge(429, long, undefined, '20');
    expect(error.length).toBeLessThanOrEqual(200);
    expect(error).toMatch(/^HTTP 429 error: x+… \(retry after 20 s\)$/);
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    expect(protocolNamed('raw').judge(503, '', undefined, date).error).toBe(`HTTP 503 error: (retry after ${date})`);
    expect(protocolNamed('raw').judge(500, '', undefined, '3').error).toBe('HTTP 500');
  });
});

test.each([
  [429, undefined, 'rate_limit'],
  [403, 'You exceeded your current quota', 'rate_limit'],
  [400, 'context length exceeded', 'server'],
  [500, 'out of memory', 'server'],
  [503, 'Loading model', 'server'],
  [502, undefined, 'load_balancer'],
  [500, undefined, 'unknown'],
  [502, 'a web page, "502 Bad Gateway", of nginx', 'load_balancer'],
  [503, 'upstream connect error or disconnect/reset before headers', 'load_balancer'],
  [503, 'no healthy upstream', 'load_balancer'],
  [500, 'litellm.APIConnectionError: no', 'load_balancer'],
  [301, 'redirects to https://b.test/', 'load_balancer'],
] as const)('%i %s was said by: %s', (status, words, who) => {
  expect(protocolNamed('openai-chat').refuser(status, undefined, words)).toBe(who);
});

const FIVE = { kind: 'constant', value: 5 } as const;

describe('a setting that would change nothing is refused', () => {
  test.each([
    [{ api: 'chain', model: 'm' }, '--model is no part of a request of the API chain'],
    [{ api: 'raw', maxTokens: 5 }, '--max-tokens is no part of a request of the API raw'],
    [{ api: 'ollama-chat', ignoreEos: true }, '--ignore-eos is no part'],
    [{ api: 'raw', workload: { maxTokens: FIVE } }, '--max-tokens is no part of a request of the API raw'],
    [
      {
        api: 'chain',
        workload: {
          mix: [
            { name: 'a', weight: 1 },
            { name: 'b', weight: 1, maxTokens: FIVE },
          ],
        },
      },
      '--mix b=...,max-tokens=... is no part of a request of the API chain',
    ],
    [
      { api: 'openai-chat', template: '{}', workload: { mix: [{ name: 'b', weight: 1, maxTokens: FIVE }] } },
      '--mix b=...,max-tokens=... has no place in the template',
    ],
    [{ api: 'openai-chat', template: '{}', model: 'm' }, '--model has no place in the template'],
    [
      { api: 'openai-chat', template: '{"t":{{max_tokens}}}', maxTokens: 5, temperature: 1 },
      '--temperature has no place',
    ],
  ])('%j', (settings, message) => {
    expect(() => checkForm(settings)).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining(message) }),
    );
  });

  test.each([
    [{ api: 'openai-chat', model: 'm', maxTokens: 5, temperature: 0, ignoreEos: true, maxTokensField: 'x' }],
    [{ api: 'raw', template: '{"m":"{{ model }}","t":{{max_tokens}}}', model: 'm', maxTokens: 5 }],
    [{ api: 'chain' }],
    [{ api: 'openai-chat', workload: { mix: [{ name: 'b', weight: 1, maxTokens: FIVE }] } }],
  ])('%j is fine', (settings) => expect(() => checkForm(settings)).not.toThrow());

  test('lengths of answers that stand in a file and get into no request are told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chainctl-form-'));
    const [trace, dataset, plain] = ['trace.jsonl', 'data.jsonl', 'plain.jsonl'].map((name) => join(folder, name));
    await writeFile(trace as string, '{"timestamp":0,"input_length":9,"output_length":5}');
    await writeFile(dataset as string, '{"prompt":"a"}\n{"prompt":"b","max_tokens":7}');
    await writeFile(plain as string, '{"prompt":"a","response":"long"}');
    const lost = async (asked: WorkloadRequest, api: string, template?: string) => {
      const { workload, data } = await openWorkload(asked);
      return lostTokens({ api, ...defined({ workload, template }) }, data);
    };
    const text = 'tells the most tokens of answers, and requests of the API chain have no field for them';
    expect(await lost({ trace: trace as string }, 'chain')).toContain(`trace.jsonl ${text}`);
    expect(await lost({ dataset: dataset as string }, 'chain')).toContain(`data.jsonl ${text}`);
    expect(await lost({ mix: [`a=1,dataset=${dataset}`] }, 'chain')).toContain(`data.jsonl ${text}`);
    expect(await lost({ trace: trace as string }, 'raw', '{}')).toContain('has no {{max_tokens}}: answers are');
    expect(await lost({ trace: trace as string }, 'raw', '{"n":{{max_tokens}}}')).toBeUndefined();
    expect(await lost({ trace: trace as string }, 'openai-chat')).toBeUndefined();
    expect(await lost({ dataset: plain as string }, 'chain')).toBeUndefined();
    expect(lostTokens({ api: 'chain' }, undefined)).toBeUndefined();
  });
});

describe('what an answer says, for the next turn of a session', () => {
  const chat = { choices: [{ message: { role: 'assistant', content: 'said' }, finish_reason: 'stop' }] };
  const completion = { choices: [{ text: 'said', finish_reason: 'stop' }] };
  const invoked = { service: 'b', llm_text: 'said', host: 'b-1' };
  const chained = { a_summary: 'other', b_result: invoked };

  test.each([
    ['chain', chained],
    ['invoke', invoked],
    ['openai-chat', chat],
    ['openai-completions', completion],
    ['ollama-generate', { response: 'said', done: true }],
    ['ollama-chat', { message: { content: 'said' }, done: true }],
  ])('%s, and the same of an endpoint of which nothing is known', (name, answer) => {
    expect(protocolNamed(name).textOf(answer)).toBe('said');
    expect(protocolNamed('raw').textOf(answer)).toBe('said');
  });

  test.each([
    [{ content: 'said', stop: true }],
    [{ content: [{ type: 'text', text: 'said' }] }],
    [{ generated_text: 'said' }],
  ])('raw: %j', (answer) => expect(protocolNamed('raw').textOf(answer)).toBe('said'));

  test('nothing where nothing is known', () => {
    for (const { textOf } of PROTOCOLS) expect(textOf({ output: 'said' })).toBe('');
  });
});
