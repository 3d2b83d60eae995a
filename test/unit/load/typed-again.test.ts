import { expect, test } from 'vitest';
import { offeredAnyway, typedAgain } from '../../../src/services/load/discovery/typed-again.ts';

test.each([
  [['load', '--rps', '1'], { model: 'a b' }, "chainctl load --rps 1 --model 'a b'"],
  [['load', '--target', 'http://h', '--rps=1'], { target: 'http://h/x' }, 'chainctl load --rps=1 --target http://h/x'],
  [['load', '--target=http://h', '-q'], { target: 'http://h/x' }, 'chainctl load -q --target http://h/x'],
  [['load', '--no-preflight', '--rps', '1'], { 'no-preflight': true }, 'chainctl load --rps 1 --no-preflight'],
  [['load', '--api', 'raw'], { api: undefined }, 'chainctl load --api raw'],
] as const)('%j with %j', (commandLine, flags, command) => {
  expect(typedAgain(commandLine, flags)).toBe(command);
});

test('a load is offered anyway with what was found, since nothing is asked then', () => {
  const found = { targetUrl: 'http://h/v1/chat/completions', api: 'openai-chat', model: 'm' };
  expect(offeredAnyway({ ...found, commandLine: ['load', '--target', 'http://h', '--rps', '2'] })).toEqual([
    'offer the load all the same: chainctl load --rps 2 --target http://h/v1/chat/completions --api openai-chat --model m --no-preflight',
  ]);
  for (const typed of [['--target', found.targetUrl], [`--target=${found.targetUrl}`]]) {
    expect(offeredAnyway({ ...found, commandLine: ['load', ...typed] })).toEqual([
      '--no-preflight offers the load all the same',
    ]);
  }
});

test('nothing is offered anyway by a command that always looks, or a run whose settings are its own', () => {
  const targetUrl = 'http://h/v1/chat/completions';
  for (const commandLine of [['quick', 'http://h'], ['smoke'], ['load', '--resume', 'r'], ['load', '--resume=r']]) {
    expect(offeredAnyway({ targetUrl, commandLine })).toEqual([]);
  }
});
