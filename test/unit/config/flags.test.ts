import { Parser } from '@oclif/core';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../../src/commands.ts';
import { durationFlag, numberFlag } from '../../../src/config/flags.ts';
import { sameFlagsOf } from '../../../src/services/load/quick/quick-target.ts';

const parsed = async (text: string) =>
  (await Parser.parse([`--rate=${text}`], { flags: { rate: numberFlag() } })).flags;

it.each([
  ['2', 2],
  ['-0.5', -0.5],
  ['.5', 0.5],
  ['007', 7],
])('%s is a number', async (text, rate) => {
  expect(await parsed(text)).toMatchObject({ rate });
});

it.each(['0x10', '1e1', '0b1', 'Infinity', '', ' ', '1,5', '.', '+1', '1 2'])('"%s" is none', async (text) => {
  await expect(parsed(text)).rejects.toMatchObject({
    exit: 2,
    message: expect.stringContaining(`--rate: "${text}" is not a number`),
  });
});

it('a duration is no longer than timers can be: a week', async () => {
  const read = async (text: string) =>
    (await Parser.parse([`--for=${text}`], { flags: { for: durationFlag() } })).flags;
  expect(await read('168h')).toMatchObject({ for: 604_800 });
  await expect(read('600h')).rejects.toMatchObject({
    exit: 2,
    message: expect.stringContaining('--for: "600h" is too long: it may be at most 168h'),
  });
});

it('a flag that may be given several times takes one word each time: the next word is an argument', () => {
  const greedy = Object.entries(COMMANDS).flatMap(([id, { flags = {} }]) =>
    Object.entries(flags).flatMap(([name, flag]) =>
      flag.type === 'option' && flag.multiple === true && flag.multipleNonGreedy !== true ? [`${id} --${name}`] : [],
    ),
  );
  expect(greedy).toEqual([]);
});

it('a server that a load can be sent to can be looked at: asked in the same way, behind the same proxies', () => {
  const way = Object.keys(COMMANDS.load?.flags ?? {}).filter((name) =>
    /^(ca-file|header|api|model|max-tokens-field|token-file)/.test(name),
  );
  expect(way).toEqual(expect.arrayContaining(['ca-file', 'api-key-file', 'api-key-header', 'model', 'header', 'api']));
  const ofQuick = COMMANDS.quick?.flags ?? {};
  for (const name of way)
    expect(ofQuick[name], name).toEqual({ ...COMMANDS.load?.flags?.[name], helpGroup: undefined });
});

it('what goes on from a quick look is let in as it was, and repeats no value of a header', () => {
  const flags = {
    'ca-file': 'ca.pem',
    'token-file': 't',
    header: ['x-key: secret:1', 'x-b:2'],
    results: 'results',
    stack: 's',
  };
  const same = [
    '--token-file',
    't',
    '--ca-file',
    'ca.pem',
    '--stack',
    's',
    '--header',
    'x-key: VALUE',
    '--header',
    'x-b: VALUE',
  ];
  expect(sameFlagsOf(flags)).toEqual(same);
  expect(sameFlagsOf({ results: 'mine' })).toEqual(['--results', 'mine']);
});
