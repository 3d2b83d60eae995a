import { expect, test } from 'vitest';
import {
  canonicalModelName,
  longModelName,
  type ModelName,
  parseModelName,
  shortModelName,
} from '../../../templates/services/common/model-name.ts';

test.each([
  ['tinyllama', 'tinyllama:latest', 'registry.ollama.ai/library/tinyllama:latest'],
  ['phi3:mini', 'phi3:mini', 'registry.ollama.ai/library/phi3:mini'],
  ['me/x', 'me/x:latest', 'registry.ollama.ai/me/x:latest'],
  ['registry.ollama.ai/library/x:1', 'x:1', 'registry.ollama.ai/library/x:1'],
  ['127.0.0.1:9/library/x', '127.0.0.1:9/library/x:latest', '127.0.0.1:9/library/x:latest'],
  ['hf.co/unsloth/gemma-3-GGUF:Q4_K_M', 'hf.co/unsloth/gemma-3-GGUF:Q4_K_M', 'hf.co/unsloth/gemma-3-GGUF:Q4_K_M'],
  ['https://h:5000/n/m:t', 'h:5000/n/m:t', 'h:5000/n/m:t'],
])('%s is %s', (text, short, long) => {
  const name = parseModelName(text) as ModelName;
  expect([shortModelName(name), longModelName(name)]).toEqual([short, long]);
});

test.each(['', ' ', 'a b', 'a//b', '/a', 'a/', ':x', 'a:', 'a:b:c', '-a', '.a', 'a/b/c/d', 'a.b/c', 'ä', 'a@b'])(
  '"%s" is none',
  (text) => expect(parseModelName(text)).toBeUndefined(),
);

test('lengths are bounded as in Ollama', () => {
  expect(parseModelName('x'.repeat(80))).toBeDefined();
  expect(parseModelName('x'.repeat(81))).toBeUndefined();
  expect(parseModelName(`${'h'.repeat(350)}/n/m`)).toBeDefined();
  expect(parseModelName(`${'h'.repeat(351)}/n/m`)).toBeUndefined();
});

test('one model has one canonical name', () => {
  for (const name of ['Gemma3', 'gemma3:latest', 'library/gemma3', 'registry.ollama.ai/library/gemma3:LATEST']) {
    expect(canonicalModelName(name)).toBe('gemma3:latest');
  }
  expect(canonicalModelName('a b')).toBe('a b');
});
