import { expect, test } from 'vitest';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';

const b = { llm_text: 'x', host: 'b-1', timing: { ollama_seconds: 1, total_seconds: 5 } };
const chain = {
  a_summary: 's',
  b_result: b,
  timing: { a_local_seconds: 0.5, b_remote_seconds: 5.1, end_to_end_seconds: 5.6 },
};

test('a chain answer: host of B and the times of every hop', () => {
  expect(protocolNamed('chain').judge(200, JSON.stringify(chain))).toEqual({
    outcome: 'ok',
    class: 'ok',
    error: '',
    host: 'b-1',
    figures: {
      a_local_seconds: 0.5,
      b_remote_seconds: 5.1,
      end_to_end_seconds: 5.6,
      ollama_seconds: 1,
      total_seconds: 5,
    },
  });
});

test('what services and engines tell of queue, load, prompt and generation', () => {
  const engine = {
    total_seconds: 1,
    queue_seconds: 0.1,
    load_seconds: 0.2,
    prompt_seconds: 0.3,
    generation_seconds: 0.4,
  };
  const fromB = { ...b, timing: { ...b.timing, queue_seconds: 2, engine } };
  expect(protocolNamed('invoke').judge(200, JSON.stringify(fromB)).figures).toEqual({
    ...{ ollama_seconds: 1, total_seconds: 5, b_queue_seconds: 2, b_engine_queue_seconds: 0.1, b_load_seconds: 0.2 },
    ...{ b_prompt_seconds: 0.3, b_generation_seconds: 0.4 },
  });
  const whole = { ...chain, b_result: fromB, timing: { ...chain.timing, queue_seconds: 0.25, engine } };
  expect(protocolNamed('chain').judge(200, JSON.stringify(whole)).figures).toMatchObject({
    ...{ a_queue_seconds: 0.25, a_engine_queue_seconds: 0.1, a_load_seconds: 0.2, a_prompt_seconds: 0.3 },
    ...{ a_generation_seconds: 0.4, b_queue_seconds: 2, b_generation_seconds: 0.4 },
  });
});

test.each([
  [{ error: "model '' not found" }, "HTTP 404 error: model '' not found"],
  [{ error: { message: 'no such model', type: 'not_found' } }, 'HTTP 404 error: no such model'],
  [{ detail: 'of a service', error: 'of an engine' }, 'HTTP 404: of a service'],
  [{ error: {} }, 'HTTP 404'],
])('an error as engines write it, %j', (body, error) => {
  expect(protocolNamed('raw').judge(404, JSON.stringify(body))).toEqual({ outcome: 'http_error', class: '404', error });
});

test('an answer of B', () => {
  expect(protocolNamed('invoke').judge(200, JSON.stringify(b))).toMatchObject({
    outcome: 'ok',
    host: 'b-1',
    figures: { ollama_seconds: 1, total_seconds: 5 },
  });
});

test.each([
  ['chain', '<html>', 'not-json', 'the answer is a web page without a title'],
  ['chain', 'ok', 'not-json', 'the answer is not a JSON object'],
  ['chain', '[]', 'not-json', 'the answer is not a JSON object'],
  ['chain', '{}', 'not-the-contract', 'the answer has no a_summary'],
  ['chain', '{"a_summary":""}', 'not-the-contract', 'the answer has no b_result'],
  ['chain', '{"a_summary":"","b_result":{"llm_text":"x"}}', 'not-the-contract', 'the answer has no b_result.host'],
  ['invoke', JSON.stringify(chain), 'not-the-contract', 'the answer has no llm_text'],
] as const)('a 200 from %s that is %s', (kind, text, name, error) => {
  expect(protocolNamed(kind).judge(200, text)).toEqual({ outcome: 'invalid', class: name, error });
});

test('other statuses carry their detail, on one bounded line', () => {
  expect(protocolNamed('chain').judge(502, '{"detail":"ollama(A) error:\\n\\u001b[31mno"}')).toEqual({
    outcome: 'http_error',
    class: '502',
    error: 'HTTP 502: ollama(A) error: [31mno',
  });
  expect(protocolNamed('invoke').judge(201, '{}')).toMatchObject({ outcome: 'http_error', error: 'HTTP 201' });
  expect(protocolNamed('chain').judge(503, JSON.stringify({ detail: 'x'.repeat(999) })).error).toHaveLength(200);
});

test('any other endpoint only needs a 2xx', () => {
  expect(protocolNamed('raw').judge(204, '')).toEqual({ outcome: 'ok', class: 'ok', error: '' });
  expect(protocolNamed('raw').judge(302, '')).toMatchObject({ outcome: 'http_error', class: '302' });
});

test.each([
  [{ error: { message: 'overloaded' } }, 'answered with an error: overloaded'],
  [{ error: 'no such model' }, 'answered with an error: no such model'],
  [{ object: 'error', message: 'too long', code: 400 }, 'answered with an error: too long'],
])('an endpoint of which nothing is known fails with a 200 that carries an error: %j', (body, error) => {
  expect(protocolNamed('raw').judge(200, JSON.stringify(body))).toEqual({
    ...{ outcome: 'invalid', class: 'error-answer', error },
  });
  expect(protocolNamed('raw').judge(200, JSON.stringify({ ...body, error: null, object: 'list' })).outcome).toBe('ok');
});
