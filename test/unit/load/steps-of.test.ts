import { expect, test } from 'vitest';
import { remedy } from '../../../src/errors.ts';
import { withStepsOf } from '../../../src/services/load/discovery/steps-of.ts';

const steps = (flags: readonly string[], ...of: string[]) => {
  const error = withStepsOf(flags, remedy.usage('x', 'fault', of));
  return (error as { readonly nextSteps: readonly string[] }).nextSteps;
};

test.each([
  ['--model m (it has m)', ['--model m (it has m)']],
  ['give the address behind it: --target http://h/x', ['give the address behind it: http://h/x']],
  ['check the path of --target', ['check the path of the URL']],
  ['--no-preflight offers the load all the same', []],
  [
    'leave --ignore-eos out: it does not know it',
    ['with "chainctl load": leave --ignore-eos out: it does not know it'],
  ],
  ['name one: chainctl load --target http://h --rps 1', ['name one: chainctl load --target http://h --rps 1']],
])('"%s" for a command whose target is an argument', (step, told) => {
  expect(steps(['model'], step)).toEqual(told);
});

test('a command that has the flags gets the steps as they are, and any other failure stays', () => {
  const all = ['--no-preflight offers the load', 'give --target http://h'];
  expect(steps(['preflight', 'target'], ...all)).toEqual(all);
  const bug = new Error('bug');
  expect(withStepsOf([], bug)).toBe(bug);
});
