import { expect, test } from 'vitest';
import { embeddingSchema, inputsOf } from '../../../../templates/services/common/api/embedding-routes.ts';
import { findFault } from '../../../../templates/services/common/api/schema.ts';

test.each<[unknown, string | undefined, string | undefined]>([
  ['text', undefined, undefined],
  [['one', 'two'], undefined, undefined],
  [[1, 2], 'input[0]', undefined],
  [[[1, 2], [3]], 'input[0]', undefined],
  [[], 'input', 'input'],
  [[[]], 'input[0]', 'input[0]'],
  [Array.from({ length: 2049 }, () => 'x'), 'input', 'input'],
  [5, 'input', 'input'],
  [null, 'input', 'input'],
  [['one', true], 'input[1]', 'input[1]'],
  [[1.5], 'input[0]', 'input[0]'],
])('input %j', (input, withOllama, withOpenAi) => {
  expect(findFault(embeddingSchema('ollama'), { input })?.path).toBe(withOllama);
  expect(findFault(embeddingSchema('openai'), { input })?.path).toBe(withOpenAi);
});

test('a list of ids is one input, mixed lists are none', () => {
  expect(inputsOf('a')).toEqual(['a']);
  expect(inputsOf([1, 2])).toEqual([[1, 2]]);
  expect(inputsOf([[1], [2]])).toEqual([[1], [2]]);
  expect(() => inputsOf(['a', 1])).toThrow('input must be');
});
