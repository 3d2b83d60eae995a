import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
import { columnsOf } from '../../../src/ui/format/entry.ts';
import { jsonText, renderError } from '../../../src/ui/render-error.ts';

const error = new RemedyError(
  'stack default has no VM of service A that this machine has the keys for, as far as it knows',
  {
    code: 'no-vm',
    exit: ExitCode.configuration,
    nextSteps: ['deploy it first: chainctl deploy aws'],
  },
);
const on = (terminal: { isTTY: boolean; columns?: number }, told = error) => {
  const stream = Object.assign(new PassThrough(), terminal) as unknown as NodeJS.WriteStream;
  return renderError(told, { debug: false, stream }).split('\n').map(stripVTControlCharacters);
};

test('an error is broken to fit the terminal, which may not know its own width, and 80 columns in a pipe', () => {
  const broken = [
    'Error: stack default has no VM of service A that this machine has the keys for,',
    'as far as it knows',
    '  -> deploy it first: chainctl deploy aws',
    '',
  ];
  expect(on({ isTTY: true, columns: 80 })).toEqual(broken);
  // What `script` and `docker exec -t` say.
  expect(on({ isTTY: true, columns: 0 })).toEqual(broken);
  expect(on({ isTTY: false, columns: 200 })).toEqual(broken);
});

test('without a terminal, COLUMNS says how wide lines may be', () => {
  expect(columnsOf({ isTTY: false }, '132')).toBe(132);
  expect(columnsOf({ isTTY: true, columns: 90 }, '132')).toBe(90);
  for (const asked of [undefined, '', '0', 'wide']) expect(columnsOf({}, asked)).toBe(80);
});

test('a step is broken where a sentence may be, and a command never', () => {
  const nextSteps = [
    `write for example --slo 'p95<2s'; metrics: p50 to p99.99, mean, max, the same of ttft, ttft-sent, tpot and itl`,
    `run: chainctl load --target http://127.0.0.1:8000/v1/chat/completions --rps 1,10,50 --tag a-long-tag --stream`,
  ];
  const told = new RemedyError('no', { code: 'usage', exit: ExitCode.usage, nextSteps });
  expect(on({ isTTY: false }, told)).toEqual([
    'Error: no',
    `  -> write for example --slo 'p95<2s'; metrics: p50 to p99.99, mean, max,`,
    '     the same of ttft, ttft-sent, tpot and itl',
    `  -> ${nextSteps[1]}`,
    '',
  ]);
});

test('a word in quotes stays whole, whatever is in it', () => {
  const word = `'import csv, sys; print(csv, sys); a text that is so long that it would be broken; were it a sentence'`;
  const nextSteps = [`see that this machine's clock is right: python3 -c ${word} < file; then the same again`];
  const lines = on({ isTTY: false }, new RemedyError('no', { code: 'usage', exit: ExitCode.usage, nextSteps }));
  expect(lines.filter((line) => line.includes(word))).toHaveLength(1);
  expect(lines).toContain('     then the same again');
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
