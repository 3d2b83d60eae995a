import { Parser } from '@oclif/core';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../../src/commands.ts';
import { numberFlag } from '../../../src/config/flags.ts';

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

it('a flag that may be given several times takes one word each time: the next word is an argument', () => {
  const greedy = Object.entries(COMMANDS).flatMap(([id, { flags = {} }]) =>
    Object.entries(flags).flatMap(([name, flag]) =>
      flag.type === 'option' && flag.multiple === true && flag.multipleNonGreedy !== true ? [`${id} --${name}`] : [],
    ),
  );
  expect(greedy).toEqual([]);
});
