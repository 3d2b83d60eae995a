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
