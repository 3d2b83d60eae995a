import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { confirmFirst } from '../../../src/ui/confirm-first.ts';

const NOTE: Event = { type: 'note', level: 'warn', text: 'everybody can use it, and it costs money' };
const PLAN: Event = {
  ...{ type: 'plan', target: 'B on GCP' },
  changes: [{ key: 'a', action: 'create', reason: 'not there' }],
};
const STEP: Event = { type: 'step-started', key: 'a', action: 'create' };

function open(canPrompt = true) {
  const seen: Event[] = [];
  const input = new PassThrough();
  const output = new PassThrough();
  const { signal } = new AbortController();
  const emit = (event: Event) => void seen.push(event);
  return {
    seen,
    input,
    output,
    first: confirmFirst({ emit, canPrompt, columns: 40, streams: { input, output }, signal }),
  };
}

test('events wait for the answer; plans and notes are the question, as wide as the terminal', async () => {
  const { seen, input, output, first } = open();
  first.emit(PLAN);
  first.emit(NOTE);
  first.emit(STEP);
  const asked = first.ask('deploying', ['two lines more']);
  input.write('yes\n');
  await asked;
  expect(String(output.read())).toBe(
    [
      'Plan for B on GCP: 1 to create',
      '  + create     a  not there',
      '! warning: everybody can use it, and it',
      '  costs money',
      'two lines more',
      'Type yes to go on: ',
    ].join('\n'),
  );
  expect(seen).toEqual([STEP]);
  first.emit(NOTE);
  expect(seen).toEqual([STEP, NOTE]);
});

test('another answer, or nobody to ask, is a no', async () => {
  const { input, first } = open();
  const asked = first.ask('deploying');
  input.write('y\n');
  await expect(asked).rejects.toMatchObject({ exit: 2, message: 'nothing was changed' });
  await expect(open(false).first.ask('deploying x')).rejects.toThrow('deploying x needs a confirmation');
});

test('without a question everything comes in the end', () => {
  const { seen, first } = open();
  first.emit(NOTE);
  expect(seen).toEqual([]);
  first.release();
  expect(seen).toEqual([NOTE]);
});
