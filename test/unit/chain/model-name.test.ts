import { expect, test } from 'vitest';
import {
  canonicalModelName,
  longModelName,
  type ModelName,
  parseModelName,
  shortModelName,
} from '../../../src/services/chain/model-name.ts';

test.each([
  ['tinyllama', 'tinyllama:latest', 'registry.ollama.ai/library/tinyllama:latest'],
  ['phi3:mini', 'phi3:mini', 'registry.ollama.ai/library/phi3:mini'],
  ['me/x', 'me/x:latest', 'registry.ollama.ai/me/x:latest'],
  ['registry.ollama.ai/library/x:1', 'x:1', 'registry.ollama.ai/library/x:1'],
  ['127.0.0.1:9/library/x', '127.0.0.1:9/library/x:latest', '127.0.0.1:9/library/x:latest'],
  ['hf.co/unsloth/gemma-3-GGUF:Q4_K_M', 'hf.co/unsloth/gemma-3-GGUF:Q4_K_M', 'hf.co/unsloth/gemma-3-GGUF:Q4_K_M'],
  ['_x', '_x:latest', 'registry.ollama.ai/library/_x:latest'],
  ['https://h:5000/n/m:t', 'h:5000/n/m:t', 'h:5000/n/m:t'],
])('%s is %s', (text, short, long) => {
  const name = parseModelName(text) as ModelName;
  expect([shortModelName(name), longModelName(name)]).toEqual([short, long]);
});

// Each was refused by ParseName and IsValid of Ollama 0.17.4 itself.
test.each([
  '',
  'a b',
  '-x',
  '.x',
  'x:',
  ':tag',
  '/x',
  'x/',
  'a//b',
  'a/b/c/d',
  'a.b/c',
  'http://box/x',
  'x@sha256:ab',
  'x:t@sha256:ab',
  'x:a:b',
  'é',
  'x;id',
  'x$(id)',
  'm'.repeat(81),
  `${'h'.repeat(351)}/n/m`,
  `x:${'t'.repeat(81)}`,
])('%j is refused, as by Ollama', (text) => {
  expect(parseModelName(text)).toBeUndefined();
});

test('one model has one canonical name', () => {
  for (const name of ['Gemma3', 'gemma3:latest', 'library/gemma3', 'registry.ollama.ai/library/gemma3:LATEST']) {
    expect(canonicalModelName(name)).toBe('gemma3:latest');
  }
  expect(canonicalModelName('http:///ns/model')).toBe('ns/model:latest');
  expect(canonicalModelName('a b')).toBe('a b');
});
