import { execFile } from 'node:child_process';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { endOf, outputFailure, surviveFailingStreams, terminalOf } from '../../../src/ui/terminal.ts';

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

/** A stream whose writes fail with a code of the system. */
function failing(code: string): NodeJS.WriteStream {
  const write = (_chunk: unknown, _encoding: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error(`${code}: write`), { code }));
  return new Writable({ write }) as unknown as NodeJS.WriteStream;
}

test.each([
  ['ENOSPC', true],
  ['EFBIG', true],
  ['EPIPE', false],
  ['EIO', false],
])('a stream that fails with %s ends nothing, and is told at the end: %s', async (code, isTold) => {
  const stream = failing(code);
  surviveFailingStreams(stream);
  const end = endOf(Object.assign(stream, { fd: -1 }) as typeof stream & { fd: 1 });
  stream.write('anything');
  const failure = await outputFailure(stream);
  expect(failure === undefined).toBe(!isTold);
  if (isTold) expect(failure).toMatchObject({ code });
  expect(end.aborted).toBe(true);
});

test('what is still on its way is waited for', async () => {
  const taken: string[] = [];
  const write = (chunk: Buffer, _encoding: unknown, done: () => void) =>
    void setImmediate(() => {
      taken.push(String(chunk));
      done();
    });
  const stream = new Writable({ write }) as unknown as NodeJS.WriteStream;
  for (const text of ['one', 'two', 'three']) stream.write(text);
  expect(await outputFailure(stream)).toBeUndefined();
  expect(taken.slice(0, 3)).toEqual(['one', 'two', 'three']);
});

test.skipIf(process.platform !== 'linux')('a pipe that nobody reads ends what writes nothing to it', async () => {
  const module = new URL('../../../src/ui/terminal.ts', import.meta.url).href;
  const program = [
    `import { endOf } from ${JSON.stringify(module)};`,
    `const end = endOf(process.stdout);`,
    `console.log('first');`,
    `const idle = setInterval(() => {}, 1000);`,
    `end.addEventListener('abort', () => { clearInterval(idle); console.error('gone'); });`,
  ].join('\n');
  const line = '"$0" --input-type=module -e "$1" | head -1';
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line, process.execPath, program]);
  expect([stdout, stderr.trim().split('\n').at(-1)]).toEqual(['first\n', 'gone']);
});
