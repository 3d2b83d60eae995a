import { expect, test } from 'vitest';
import { modelServer } from '../../../src/config/smoke-flags.ts';

test('a flag of a server of a model leads to the command for the server that was named', () => {
  const url = 'http://127.0.0.1:18001/v1?a=1&b=2';
  expect(() => modelServer({ target: url }, ['--target', url, '--count', '2'])).toThrow(
    expect.objectContaining({
      exit: 2,
      nextSteps: [`say which API the server speaks: chainctl smoke --api openai-chat --target '${url}'`],
    }),
  );
});

test('without an address the command has one to be put in', () => {
  expect(() => modelServer({ model: 'm' }, ['--model', 'm'])).toThrow(
    expect.objectContaining({ nextSteps: ['chainctl smoke --api openai-chat --target http://127.0.0.1:8000'] }),
  );
});

test('a URL of requests that name a model is that of a server of one; that of a chain is not', () => {
  const chat = 'http://127.0.0.1:18001/v1/chat/completions';
  expect(modelServer({ target: chat }, ['--target', chat, '--count', '2'])).toBe(chat);
  for (const target of ['http://127.0.0.1:18001', 'http://127.0.0.1:18001/chain', 'b', undefined]) {
    expect(modelServer({ target }, [])).toBeUndefined();
  }
});
