import { expect, test } from 'vitest';
import { loadHelp } from '../../../src/config/load-help.ts';
import { quickHelp } from '../../../src/config/quick-help.ts';

test.each([
  ['load', loadHelp],
  ['quick', quickHelp],
])('the help of %s is broken where a terminal of 80 columns does not break it again', (_, { description }) => {
  expect(description.split('\n').filter((line) => line.length > 77)).toEqual([]);
});
