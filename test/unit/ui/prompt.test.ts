import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirmByTyping } from '../../../src/ui/confirm.ts';

function ask(signal = new AbortController().signal) {
  const input = new PassThrough();
  const output = new PassThrough();
  return { input, output, answer: confirmByTyping('demo', 'Remove everything?', { input, output }, signal) };
}

test.each([
  ['demo\n', true],
  ['  demo \r\n', true],
  ['Demo\n', false],
  ['yes\n', false],
  ['\n', false],
])('%j -> %s', async (typed, expected) => {
  const { input, output, answer } = ask();
  input.write(typed);
  expect(await answer).toBe(expected);
  expect(String(output.read())).toBe('Remove everything?\nType demo to go on: ');
});

test('the end of the input is a no', async () => {
  const { input, answer } = ask();
  input.end();
  expect(await answer).toBe(false);
});

test('an interrupt ends the question with its own reason', async () => {
  const controller = new AbortController();
  const { answer } = ask(controller.signal);
  controller.abort(new Error('interrupted by SIGINT'));
  await expect(answer).rejects.toThrow('interrupted by SIGINT');
  await expect(ask(controller.signal).answer).rejects.toThrow('interrupted by SIGINT');
});
