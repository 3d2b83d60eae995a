import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { confirmFirst } from '../../../src/ui/confirm-first.ts';

const NOTE: Event = { type: 'note', level: 'warn', text: 'everybody can use it' };
const STEP: Event = { type: 'step-started', key: 'a', action: 'create' };

function open(canPrompt = true) {
  const seen: Event[] = [];
  const input = new PassThrough();
  const output = new PassThrough();
  const { signal } = new AbortController();
  const emit = (event: Event) => void seen.push(event);
  return { seen, input, output, first: confirmFirst({ emit, canPrompt, streams: { input, output }, signal }) };
}

test('events wait for the answer; notes are part of the question', async () => {
  const { seen, input, output, first } = open();
  first.emit(NOTE);
  first.emit(STEP);
  const asked = first.ask(['+ create a'], 'deploying');
  input.write('yes\n');
  await asked;
  expect(String(output.read())).toContain('+ create a\neverybody can use it');
  expect(seen).toEqual([STEP]);
  first.emit(NOTE);
  expect(seen).toEqual([STEP, NOTE]);
});

test('another answer, or nobody to ask, is a no', async () => {
  const { input, first } = open();
  const asked = first.ask([], 'deploying');
  input.write('y\n');
  await expect(asked).rejects.toMatchObject({ exit: 2, message: 'nothing was changed' });
  await expect(open(false).first.ask([], 'deploying x')).rejects.toThrow('deploying x needs a confirmation');
});

test('without a question everything comes in the end', () => {
  const { seen, first } = open();
  first.emit(NOTE);
  expect(seen).toEqual([]);
  first.release();
  expect(seen).toEqual([NOTE]);
});
