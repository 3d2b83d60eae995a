import { Errors } from '@oclif/core';
import { expect, test } from 'vitest';
import { nearest } from '../../../src/config/nearest.ts';
import { unknownCommand, usageError } from '../../../src/config/usage-error.ts';

test.each([
  ['rsp', 'rps'],
  ['duratoin', 'duration'],
  ['stakc', 'stack'],
  ['duration', 'duration'],
  ['xyz', undefined],
  ['', undefined],
])('"%s" means %s', (word, meant) => {
  expect(nearest(word, ['rps', 'duration', 'stack', 'stream'])).toBe(meant);
});

const flags = ['rps', 'auth', 'stack'];
const meantBy = (message: string, argv: string[]) =>
  usageError(new Errors.CLIError(message), { command: 'deploy aws', argv, flags }).nextSteps;
const SEE = 'see the flags and examples with --help';

test.each([
  ['Nonexistent flag: --rsp\nSee more help with --help', ['--rsp', '5'], 'chainctl deploy aws --rps 5'],
  ['Nonexistent flag: --rsp=5', ['--rsp=5', "it's"], "chainctl deploy aws --rps=5 'it'\\''s'"],
  ['Expected --auth=tokn to be one of: token, none', ['--auth', 'tokn'], 'chainctl deploy aws --auth token'],
  ['Expected --auth=tokn to be one of: token, none', ['--auth=tokn'], 'chainctl deploy aws --auth=token'],
])('%j is answered with the command that was meant', (message, argv, meant) => {
  expect(meantBy(message, argv)).toEqual([`did you mean: ${meant}`, SEE]);
});

test('nothing is suggested where nothing is near', () => {
  expect(meantBy('Nonexistent flag: --colour-of-the-sky', ['--colour-of-the-sky'])).toEqual([SEE]);
  expect(meantBy('Unexpected argument: x', ['x'])).toEqual([SEE]);
});

const COMMANDS = ['deploy aws', 'deploy gcp', 'load', 'status', 'smoke', 'help'];
test.each([
  [['deploy', 'gpc', '--dry-run'], 'chainctl deploy gcp --dry-run'],
  [['lod', '--rps', '5'], 'chainctl load --rps 5'],
  [['stauts'], 'chainctl status'],
  [['smok', 'x'], 'chainctl smoke x'],
  [['nonsense'], undefined],
])('%j: a command that there is not', (argv, meant) => {
  const { exit, nextSteps } = unknownCommand(argv, COMMANDS);
  expect(exit).toBe(2);
  expect(nextSteps[0]).toBe(meant === undefined ? 'see all commands: chainctl --help' : `did you mean: ${meant}`);
});
