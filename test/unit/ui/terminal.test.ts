import { expect, test } from 'vitest';
import { terminalOf } from '../../../src/ui/terminal.ts';

const tty = { stdin: { isTTY: true }, stderr: { isTTY: true } };

test('a terminal can prompt and animate, a pipe neither', () => {
  expect(terminalOf(tty, { TERM: 'xterm' })).toEqual({ canPrompt: true, canAnimate: true });
  expect(terminalOf({ stdin: {}, stderr: {} }, {})).toEqual({ canPrompt: false, canAnimate: false });
  expect(terminalOf({ ...tty, stdin: {} }, {}).canPrompt).toBe(false);
});

test.each([{ TERM: 'dumb' }, { CI: 'true' }, { INK_SCREEN_READER: 'true' }])(
  '%j: nothing is redrawn, but a question can be asked',
  (env) => {
    expect(terminalOf(tty, env)).toMatchObject({ canPrompt: true, canAnimate: false });
  },
);
