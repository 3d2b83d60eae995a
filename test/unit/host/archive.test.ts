import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { archive } from '../../../src/services/machine/session.ts';

const uncaught: unknown[] = [];
const note = (error: unknown) => uncaught.push(error);
afterEach(() => process.off('uncaughtExceptionMonitor', note));

it('an archive whose reader goes away in the middle ends there, and nothing is thrown at the process', async () => {
  process.on('uncaughtExceptionMonitor', note);
  const files = ['one', 'two', 'three'].map((path) => ({ path, content: randomBytes(1 << 20), mode: 0o600 }));
  const stream = archive([{ path: 'folder/', content: '', mode: 0o700 }, ...files]);
  const ended = new Promise((resolve) => stream.once('close', resolve));
  await once(stream, 'readable');
  stream.on('error', () => {}).destroy(new Error('the connection is gone'));
  await ended;
  // What is left of the archive is told of it in the next turns.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(uncaught).toEqual([]);
});
