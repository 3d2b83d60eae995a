import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
import { jsonText, renderError } from '../../../src/ui/render-error.ts';

const error = new RemedyError(
  'stack default has no VM of service A that this machine has the keys for, as far as it knows',
  {
    code: 'no-vm',
    exit: ExitCode.configuration,
    nextSteps: ['deploy it first: chainctl deploy aws'],
  },
);
const on = (terminal: { isTTY: boolean; columns?: number }) => {
  const stream = Object.assign(new PassThrough(), terminal) as unknown as NodeJS.WriteStream;
  return renderError(error, { debug: false, stream }).split('\n').map(stripVTControlCharacters);
};

test('an error is broken to fit the terminal, which may not know its own width, and left whole in a pipe', () => {
  const broken = [
    'Error: stack default has no VM of service A that this machine has the keys for,',
    'as far as it knows',
    '  -> deploy it first: chainctl deploy aws',
    '',
  ];
  expect(on({ isTTY: true, columns: 80 })).toEqual(broken);
  // What `script` and `docker exec -t` say.
  expect(on({ isTTY: true, columns: 0 })).toEqual(broken);
  expect(on({ isTTY: false })).toHaveLength(3);
});

test('what the envelope says to a person names commands as they work here; data stays as it is', () => {
  const envelope = {
    status: 'failed',
    result: {
      checks: [
        { detail: 'chainctl load', nextSteps: ['see: chainctl doctor aws'], remedy: 'chainctl status shows it' },
      ],
      holder: { command: 'chainctl deploy local' },
    },
    warnings: ['aws was not checked; see: chainctl doctor aws'],
  };
  const typed = (text: string) => text.replace('chainctl', 'node bin/run.js');
  expect(JSON.parse(jsonText(envelope, typed))).toEqual({
    status: 'failed',
    result: {
      checks: [
        {
          detail: 'chainctl load',
          nextSteps: ['see: node bin/run.js doctor aws'],
          remedy: 'node bin/run.js status shows it',
        },
      ],
      holder: { command: 'chainctl deploy local' },
    },
    warnings: ['aws was not checked; see: node bin/run.js doctor aws'],
  });
});
