import { describe, expect, it } from 'vitest';
import { canonicalModel, parseModelName } from '../../../src/services/chain/model-name.ts';

describe("a model's name", () => {
  it.each([
    ['tinyllama', 'registry.ollama.ai/library/tinyllama:latest'],
    ['Phi3:Mini', 'registry.ollama.ai/library/phi3:mini'],
    ['_x', 'registry.ollama.ai/library/_x:latest'],
    ['owner/name', 'registry.ollama.ai/owner/name:latest'],
    ['registry.ollama.ai/library/tinyllama', 'registry.ollama.ai/library/tinyllama:latest'],
    ['127.0.0.1:9/library/x', '127.0.0.1:9/library/x:latest'],
    ['localhost:5000/ns/model:tag', 'localhost:5000/ns/model:tag'],
    ['hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M', 'hf.co/bartowski/llama-3.2-1b-instruct-gguf:q4_k_m'],
    ['http://box:5000/ns/model', 'box:5000/ns/model:latest'],
    ['http:///ns/model', 'registry.ollama.ai/ns/model:latest'],
    [`${'h'.repeat(350)}/n/m`, `${'h'.repeat(350)}/n/m:latest`],
  ])('%s is taken, as by Ollama', (text, whole) => {
    expect(parseModelName(text)).toBeDefined();
    expect(canonicalModel(text)).toBe(whole);
  });

  // Each was refused by ParseName and IsValid of Ollama 0.17.4 itself.
  it.each([
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
});
