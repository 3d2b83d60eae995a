import { expect, test } from 'vitest';
import { chooseCall } from '../../../templates/services/engine-sim/tools.ts';

const tool = (name: string, properties: object = {}, required?: readonly string[]) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties, ...(required ? { required } : {}) } },
});
const user = (content: string) => ({ role: 'user', content });

test('the tool that is named is called, else the first', () => {
  const tools = [tool('clock'), tool('weather')];
  expect(chooseCall(tools, [user('use weather please')])?.name).toBe('weather');
  expect(chooseCall(tools, [user('what now?')])?.name).toBe('clock');
});

test('no tool, nothing asked, or an answer of a tool: no call', () => {
  expect(chooseCall([], [user('x')])).toBeUndefined();
  expect(chooseCall([tool('clock')], [])).toBeUndefined();
  expect(chooseCall([tool('clock')], [user('x'), { role: 'tool', content: '12:00' }])).toBeUndefined();
});

test('arguments fit the schema: what is required, or else everything', () => {
  const properties = {
    city: { type: 'string' },
    unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
    days: { type: 'integer' },
    hourly: { type: 'boolean' },
    tags: { type: 'array' },
    more: { type: 'object' },
    any: {},
    either: { type: ['number', 'null'] },
  };
  const asked = [user('What is the weather in Paris for 3 days?')];
  expect(chooseCall([tool('weather', properties, ['city', 'days'])], asked)?.arguments).toEqual({
    city: 'Paris',
    days: 3,
  });
  expect(chooseCall([tool('weather', properties)], asked)?.arguments).toEqual({
    city: 'Paris',
    unit: 'celsius',
    days: 3,
    hourly: true,
    tags: [],
    more: {},
    any: 'Paris',
    either: 3,
  });
});

test('the same question is the same call, another one another', () => {
  const id = (text: string) => chooseCall([tool('clock')], [user(text)])?.id;
  expect(id('a')).toMatch(/^call_[a-z0-9]{8}$/);
  expect(id('a')).toBe(id('a'));
  expect(id('b')).not.toBe(id('a'));
});
