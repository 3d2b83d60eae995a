import { expect, it } from 'vitest';
import { machineEngineFlags, refuseOtherEngines } from '../../../src/config/engine-flags.ts';

const read = (name: 'model-url' | 'model-sha256', text: string) => {
  const flag = machineEngineFlags[name];
  return flag.parse(text, {} as never, { ...flag, name } as never);
};
const HEX = 'A1'.repeat(32);

it('takes an address or a checksum for every service, or for one', async () => {
  expect(await read('model-url', 'https://h/m.gguf?a=b')).toBe('https://h/m.gguf?a=b');
  expect(await read('model-url', 'b=https://h/m.gguf?a=b')).toBe('b=https://h/m.gguf?a=b');
  expect(await read('model-sha256', HEX)).toBe(HEX.toLowerCase());
  expect(await read('model-sha256', `a=sha256:${HEX}`)).toBe(`a=${HEX.toLowerCase()}`);
});

it.each([
  ['model-url', 'c=https://h/m.gguf', '--model-url: "c" is none of the services a, b'],
  ['model-url', 'file:///m.gguf', '--model-url: "file:///m.gguf" is not an http or https URL'],
  ['model-url', 'https://me:secret@h/m.gguf', '--model-url: a URL must not carry a user name or password'],
  ['model-sha256', 'abc', '--model-sha256: a SHA-256 has 64 hexadecimal digits'],
] as const)('refuses --%s %s', async (name, text, message) => {
  await expect(read(name, text)).rejects.toThrow(message);
});

it.each([
  ['ollama', 'model-url', '--model-url is for --engine llamacpp, and this is --engine ollama'],
  ['ollama', 'llama-threads', '--llama-threads is for --engine llamacpp'],
  ['llamacpp', 'ollama-image', '--ollama-image is for --engine ollama'],
  ['sim', 'engine-url', '--engine-url is for --engine ollama or --engine openai, and this is --engine sim'],
  ['ollama', 'engine-api-key-file', '--engine-api-key-file is for --engine openai'],
])('refuses with --engine %s a typed --%s, and not one of a variable', (engine, flag, message) => {
  expect(() => refuseOtherEngines({ engine }, (typed) => typed === flag)).toThrow(message);
  expect(() => refuseOtherEngines({ engine }, () => false)).not.toThrow();
});
