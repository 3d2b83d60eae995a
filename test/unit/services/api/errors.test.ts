import { expect, test } from 'vitest';
import { asProblem, errorBody, errorHeaders, familyOf } from '../../../../templates/services/common/api/errors.ts';
import { overloaded, Problem } from '../../../../templates/services/common/problem.ts';

test.each([
  [400, 'invalid_request_error', null],
  [401, 'invalid_request_error', 'invalid_api_key'],
  [404, 'invalid_request_error', 'not_found'],
  [405, 'invalid_request_error', 'method_not_allowed'],
  [408, 'invalid_request_error', 'request_timeout'],
  [413, 'invalid_request_error', 'request_too_large'],
  [429, 'rate_limit_error', 'rate_limit_exceeded'],
  [500, 'server_error', 'internal_error'],
  [502, 'server_error', 'engine_error'],
  [503, 'server_error', 'overloaded'],
  [504, 'server_error', 'timeout'],
])('%i is a %s with code %s, and its text stands under both keys', (status, type, code) => {
  const body = errorBody('openai', new Problem(status, 'why'));
  expect(body).toEqual({ error: { message: 'why', type, param: null, code }, detail: 'why' });
});

test('each path has the form that its clients read', () => {
  expect(['/v1/models', '/api/chat', '/chain', '/models', '/v1x', '/v1', '/api'].map(familyOf)).toEqual([
    'openai',
    'ollama',
    'own',
    'own',
    'own',
    'openai',
    'ollama',
  ]);
  const problem = new Problem(400, 'why', {}, { code: 'context_length_exceeded', param: 'messages' });
  expect(errorBody('own', problem)).toEqual({ detail: 'why' });
  expect(errorBody('ollama', problem)).toEqual({ error: 'why', detail: 'why' });
  expect(errorBody('openai', problem)).toMatchObject({ error: { param: 'messages', code: 'context_length_exceeded' } });
});

test('Ollama’s clients are told in its words that the engine is away or too slow', () => {
  const said = (problem: Problem) => errorBody('ollama', problem).error;
  expect(said(new Problem(503, 'x', {}, { code: 'engine_unavailable' }))).toMatch(/^Could not connect to Ollama/);
  expect(said(new Problem(504, 'x', {}, { code: 'timeout' }))).toMatch(/^Ollama request timed out/);
  expect(said(new Problem(504, 'deadline passed: x', {}, { code: 'deadline_exceeded' }))).toBe('deadline passed: x');
  expect(said(overloaded('x', 1))).toBe('overloaded: x');
});

test('what has failed after work was done is not to be asked for again, what had no place is', () => {
  expect(errorHeaders(new Problem(502, 'x'))).toEqual({ 'x-should-retry': 'false' });
  expect(errorHeaders(new Problem(504, 'x'))).toEqual({ 'x-should-retry': 'false' });
  expect(errorHeaders(overloaded('x', 99))).toEqual({ 'retry-after': '30' });
});

test('a defect keeps its text to itself', () => {
  expect(asProblem(new Error('secret'))).toMatchObject({ status: 500, message: 'internal error' });
});
