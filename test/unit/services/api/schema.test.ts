import { expect, test } from 'vitest';
import { chatSchema } from '../../../../templates/services/common/api/chat-request.ts';
import { documented, findFault, type Schema } from '../../../../templates/services/common/api/schema.ts';

const text: Schema = { type: 'string' };

test.each<[Schema, unknown, string | undefined]>([
  [text, 'x', undefined],
  [text, 1, 'must be a string'],
  [{ type: 'integer', minimum: 1 }, 1.5, 'must be an integer of at least 1'],
  [{ type: 'integer', minimum: 1 }, 0, 'must be an integer of at least 1'],
  [{ type: 'number', minimum: 0, maximum: 2 }, 2.1, 'must be a number from 0 to 2'],
  [{ type: 'number' }, Number.POSITIVE_INFINITY, 'must be a number'],
  [{ type: 'string', enum: ['a', 'b'] }, 'c', 'must be "a" or "b"'],
  [{ type: ['string', 'number'] }, true, 'must be a string or a number'],
  [{ type: 'object' }, [], 'must be an object'],
  [{ type: 'object' }, null, 'must be an object'],
  [{ anyOf: [text, { type: 'array', items: text }] }, {}, 'must be a string or an array'],
  [{ type: 'string', minLength: 1 }, '', 'must not be empty'],
  [{ type: 'array', minItems: 1 }, [], 'must not be empty'],
  [{ type: 'array', maxItems: 1 }, [1, 2], 'must have at most 1 elements'],
])('%j of %j: %s', (schema, value, reason) => {
  expect(findFault(schema, value)?.reason).toBe(reason);
});

test('the path leads to the field, however deep', () => {
  const schema: Schema = {
    type: 'object',
    properties: { list: { type: 'array', items: { type: 'object', properties: { name: text }, required: ['name'] } } },
  };
  expect(findFault(schema, { list: [{ name: 'a' }, { name: 2 }] })).toEqual({
    path: 'list[1].name',
    reason: 'must be a string',
    code: undefined,
  });
  expect(findFault(schema, { list: [{}] })).toMatchObject({
    path: 'list[0].name',
    reason: 'is required: it must be a string',
  });
});

test('null is as absent: refused where a property is required, and only there', () => {
  const schema: Schema = { type: 'object', properties: { one: text, other: text }, required: ['one'] };
  expect(findFault(schema, { one: 'x', other: null })).toBeUndefined();
  expect(findFault(schema, { one: null })?.path).toBe('one');
  expect(documented(schema).properties).toEqual({ one: text, other: { type: ['string', 'null'] } });
});

test('names that every object has are no properties of a body', () => {
  const schema: Schema = { type: 'object', properties: { constructor: text } as Record<string, Schema> };
  expect(findFault(schema, {})).toBeUndefined();
  expect(findFault(schema, JSON.parse('{"__proto__": 1, "toString": 2}'))).toBeUndefined();
});

test('a schema as it is documented says of every optional property that it may be null', () => {
  for (const [name, property] of Object.entries(documented(chatSchema('ollama')).properties ?? {})) {
    if (name !== 'messages')
      expect([name, JSON.stringify(property)]).toEqual([name, expect.stringContaining('"null"')]);
  }
});

test('texts have as many characters as they may, and look as they must', () => {
  expect(findFault({ type: 'string', maxLength: 2 }, '\u{1f600}\u{1f600}')).toBeUndefined();
  expect(findFault({ type: 'string', maxLength: 2 }, 'abc')?.reason).toBe('must have at most 2 characters');
  expect(findFault({ type: 'string', pattern: '^[a-z]+$' }, 'abc')).toBeUndefined();
  expect(findFault({ type: 'string', pattern: '^[a-z]+$' }, 'a1')?.reason).toBe('must match ^[a-z]+$');
});
