import { Errors } from '@oclif/core';
import { expect, test } from 'vitest';
import { nearest } from '../../../src/config/nearest.ts';
import { unknownCommand, usageError } from '../../../src/config/usage-error.ts';
import { RemedyError } from '../../../src/errors.ts';

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

const flags = ['rps', 'auth', 'stack', 'gate'];
const meantBy = (message: string, argv: string[]) =>
  usageError(new Errors.CLIError(message), { command: 'deploy aws', argv, flags }).nextSteps;
const SEE = 'see the flags and examples: chainctl deploy aws --help';

test.each([
  ['Nonexistent flag: --rsp\nSee more help with --help', ['--rsp', '5'], 'chainctl deploy aws --rps 5'],
  ['Nonexistent flag: --rsp=5', ['--rsp=5', "it's"], "chainctl deploy aws --rps=5 'it'\\''s'"],
  // As other tools call it, whatever else is near.
  ['Nonexistent flag: --rate', ['--rate', '5'], 'chainctl deploy aws --rps 5'],
  ['Expected --auth=tokn to be one of: token, none', ['--auth', 'tokn'], 'chainctl deploy aws --auth token'],
  ['Expected --auth=tokn to be one of: token, none', ['--auth=tokn'], 'chainctl deploy aws --auth=token'],
])('%j is answered with the command that was meant', (message, argv, meant) => {
  expect(meantBy(message, argv)).toEqual([`did you mean: ${meant}`, SEE]);
});

const loading = (message: string, argv: string[]) => {
  const typed = { command: 'load', argv, flags: ['rps', 'concurrency', 'requests', 'header', 'api-key-file'] };
  return usageError(new Errors.CLIError(message), typed);
};

test.each([
  ['Nonexistent flags: -c, -n', ['-c', '10', '-n', '100'], 'chainctl load --concurrency 10 --requests 100'],
  [
    'Nonexistent flags: --rate=5, --concurency=3',
    ['--rate=5', '--concurency=3'],
    'chainctl load --rps=5 --concurrency=3',
  ],
  ['Nonexistent flag: -H', ['-H', 'x-key: secret-1'], "chainctl load --header 'x-key: ***'"],
])('%j: all that other tools call otherwise is put right at once', (message, argv, meant) => {
  expect(loading(message, argv).nextSteps[0]).toBe(`did you mean: ${meant}`);
});

test('no command is suggested that would be refused again', () => {
  const { nextSteps } = loading('Nonexistent flags: --rate, --colour-of-the-sky', [
    '--rate',
    '5',
    '--colour-of-the-sky',
  ]);
  expect(nextSteps).toEqual(['what --rate says is said by --rps', expect.stringMatching(/^see the flags/)]);
});

test.each([
  ['Nonexistent flags: --api-key, --rate', ['--api-key', 'secret-1', '--rate', '5']],
  ['Nonexistent flag: --api-key=secret-1', ['--api-key=secret-1']],
])('%j: a key goes into a file, and is not repeated', (message, argv) => {
  const error = loading(message, argv);
  expect(error.nextSteps[0]).toContain('--api-key-file FILE');
  expect([error.message, ...error.nextSteps].join(' ')).not.toContain('secret-1');
});

test('nothing is suggested where nothing is near', () => {
  expect(meantBy('Nonexistent flag: --colour-of-the-sky', ['--colour-of-the-sky'])).toEqual([SEE]);
  expect(meantBy('Unexpected argument: x', ['x'])).toEqual([SEE]);
});

test.each([
  [
    'The following error occurred:\n  Missing required flag ssh\nSee more help with --help',
    'Missing required flag --ssh',
  ],
  ['The following errors occurred:\n  --a is odd\n  --b is odd', '--a is odd --b is odd'],
])('%j is said without its frame', (message, said) => {
  const error = usageError(new Errors.CLIError(message), { command: 'deploy host', argv: [], flags });
  expect(error.message).toBe(said);
});

test('a value that a parser refuses without a step of its own leads to the help of its command', () => {
  const thrown = new RemedyError('Parsing --n \n\tno\nSee more help with --help', {
    code: 'usage',
    exit: 2,
    nextSteps: [],
  });
  const { message, nextSteps } = usageError(thrown, { command: 'deploy aws', argv: [], flags });
  expect({ message, nextSteps }).toEqual({ message: 'no', nextSteps: [SEE] });
});

test('of one letter nothing is left to tell what was meant', () => expect(nearest('c', ['a', 'b'])).toBe(undefined));

test('a word too many is said to be that, and not suggested again', () => {
  expect(unknownCommand(['deploy', 'aws', 'extra'], COMMANDS)).toMatchObject({
    message: 'deploy aws takes no argument "extra"',
    nextSteps: [SEE],
  });
});

const COMMANDS = ['deploy aws', 'deploy gcp', 'load', 'status', 'smoke', 'help'];
test.each([
  [['deploy', 'gpc', '--dry-run'], 'chainctl deploy gcp --dry-run'],
  [['lod', '--rps', '5'], 'chainctl load --rps 5'],
  [['stauts'], 'chainctl status'],
  [['smok', 'x'], 'chainctl smoke x'],
  [['nonsense'], undefined],
  [['deploy', 'azure'], undefined, 'chainctl deploy --help'],
])('%j: a command that there is not', (argv, meant, all = 'chainctl --help') => {
  const { exit, nextSteps } = unknownCommand(argv, COMMANDS);
  expect(exit).toBe(2);
  expect(nextSteps[0]).toBe(meant === undefined ? `see all commands: ${all}` : `did you mean: ${meant}`);
});

test.each([
  [['http://h:8000', '--rps', '5'], 'chainctl load --target http://h:8000 --rps 5'],
  [['http://h/v1?a=1&b=2', '-q'], "chainctl load --target 'http://h/v1?a=1&b=2' -q"],
  [['localhost:8000'], 'chainctl load --target http://localhost:8000'],
  [['unix:/run/x.sock:/v1/completions'], 'chainctl load --target unix:/run/x.sock:/v1/completions'],
])('an address without its flag: load %j', (argv, meant) => {
  expect(unknownCommand(['load', ...argv], COMMANDS)).toMatchObject({ exit: 2, nextSteps: [meant, SEE_LOAD] });
  const behind = [...argv.slice(1), ...argv.slice(0, 1)];
  const thrown = new Errors.CLIError(`Unexpected argument: ${argv[0]}\nSee more help with --help`);
  expect(usageError(thrown, { command: 'load', argv: behind, flags: ['target', 'rps'] })).toMatchObject({
    ...{ exit: 2, nextSteps: [meant, SEE_LOAD] },
  });
});

test('an address alone may be looked at or loaded, and one with a flag too many loses it', () => {
  expect(unknownCommand(['http://h:8000', '--json'], COMMANDS).nextSteps).toEqual([
    'a look of a minute: chainctl quick http://h:8000 --json',
    'a load: chainctl load --target http://h:8000 --json',
  ]);
  for (const argv of [
    ['--target', 'h:8000', '-y'],
    ['-y', '--target=http://h:8000'],
  ]) {
    const thrown = new Errors.CLIError('Nonexistent flag: --target\nSee more help with --help');
    const typed = { command: 'quick', argv, flags: ['yes'], args: ['url'] };
    expect(usageError(thrown, typed).nextSteps[0]).toMatch(
      /^chainctl quick (http:\/\/h:8000 -y|-y http:\/\/h:8000|http:\/\/h:8000 -y)$/,
    );
  }
});

const SEE_LOAD = 'see the flags and examples: chainctl load --help';

test('a word too many after a header is not repeated: it may be a key', () => {
  const argv = ['--header', 'a: b', 'x-key: secret-1'];
  const thrown = new Errors.CLIError('Unexpected argument: x-key: secret-1\nSee more help with --help');
  const error = usageError(thrown, { command: 'load', argv, flags: ['header'] });
  expect(error.message).toBe('Unexpected argument: x-key: ***');
  expect(`${error.stack} ${(error.cause as Error | undefined)?.stack}`).not.toContain('secret-1');
});
