import { expect, test } from 'vitest';
import { durationFlag, formerly, stackFlag } from '../../../src/config/flags.ts';
import { formerFlags, formerVariables } from '../../../src/config/former-names.ts';
import { resultsFlag } from '../../../src/config/results-flag.ts';

const flags = {
  results: { ...formerly('OLD', stackFlag({ env: 'NEW' })), aliases: ['out'], deprecateAliases: true },
  quiet: { aliases: ['silent'] },
};

test("an earlier variable stands for the flag's own, unless that is set", () => {
  expect(formerVariables(flags, { OLD: 'x' })).toEqual([
    { variable: 'NEW', value: 'x', warning: 'OLD has been renamed: set NEW instead' },
  ]);
  expect(formerVariables(flags, { OLD: 'x', NEW: 'y' })).toEqual([]);
  expect(formerVariables(flags, { OLD: '' })).toEqual([]);
});

test('the folder of results had another variable, which is named', () => {
  expect(formerVariables({ results: resultsFlag() }, { CHAINCTL_LOAD_OUT: 'x' })).toMatchObject([
    { variable: 'CHAINCTL_RESULTS', value: 'x', warning: expect.stringContaining('CHAINCTL_LOAD_OUT') },
  ]);
});

test.each([
  [['--out', 'x'], ['--out has been renamed: write --results instead']],
  [['--out=x'], ['--out has been renamed: write --results instead']],
  [['--outer', '--results=x', '--silent'], []],
])('%j: earlier names of flags', (words, warnings) => {
  expect(formerFlags(flags, words)).toEqual(warnings);
});

test.each([
  [900, '15m'],
  [90, '1m30s'],
  [2, '2s'],
  [0.5, '500ms'],
  [3600, '1h'],
  [0, '0s'],
  [undefined, undefined],
])('a default of %s s is written %s in help', async (seconds, text) => {
  const flag = durationFlag(seconds === undefined ? {} : { default: seconds });
  const written = flag.defaultHelp;
  expect(typeof written === 'function' && (await written({ options: flag, flags: {} } as never))).toBe(text);
});
