import { spawn } from 'node:child_process';
import { fstatSync, type Stats, writeSync } from 'node:fs';
import { ExitCode, hasCode } from '../errors.ts';
import { writeFault } from '../services/files/write-fault.ts';

type Stream = { readonly isTTY?: boolean };

/**
 * What the place we write to can do: to prompt and to animate are separate questions. `CI` and `TERM=dumb` mean that
 * nothing may be redrawn, and so does `INK_SCREEN_READER=true`: a region that is redrawn four times a second would be
 * read out again and again.
 */
export function terminalOf(
  { stdin, stderr }: { readonly stdin: Stream; readonly stderr: Stream },
  { CI, TERM, INK_SCREEN_READER }: Readonly<Record<string, string | undefined>>,
) {
  const tty = stderr.isTTY === true;
  const isCi = CI !== undefined && !['', 'false', '0'].includes(CI);
  return {
    canPrompt: stdin.isTTY === true && tty,
    canAnimate: tty && TERM !== 'dumb' && !isCi && INK_SCREEN_READER !== 'true',
  };
}

/** A terminal that was closed, or a reader that went away (`| head`): nobody misses what is not shown. */
const GONE = ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/** What kept a stream from being written whole. */
const failures = new WeakMap<object, unknown>();

type Output = Pick<NodeJS.WriteStream, 'on' | 'removeAllListeners'>;

/**
 * What cannot be shown must not end a command in the middle of a teardown or of a load: a stream that fails is noted, and
 * {@link outputFailure} tells it at the end. oclif's own listener would throw.
 */
export function surviveFailingStreams(...streams: readonly Output[]): void {
  for (const stream of streams) {
    stream.removeAllListeners('error');
    stream.on('error', (error: Error) => noteFailure(stream, error));
  }
}

/**
 * Aborts when a stream takes nothing more, also while nothing is written to it: who goes on writing as long as it is read
 * can end.
 */
export function endOf(stream: Pick<NodeJS.WriteStream, 'once'> & { readonly fd: number }): AbortSignal {
  const end = new AbortController();
  stream.once('error', () => end.abort());
  if (kindOf(stream.fd)?.isFIFO()) watchReader(stream.fd, end);
  return end.signal;
}

/**
 * Node learns that nobody reads a pipe when it writes to it, and a quiet log writes nothing for hours. `tail -f` of GNU
 * watches its output and dies of SIGPIPE; another one does not, and then the next write tells. It ends with this process,
 * or it would hold the pipe open.
 */
function watchReader(fd: number, gone: AbortController): void {
  const args = [`--pid=${process.pid}`, '-f', '/dev/null'];
  const watcher = spawn('tail', args, { stdio: ['ignore', fd, 'ignore'] });
  watcher.once('error', () => {});
  watcher.once('exit', (_code, signal) => {
    if (signal === 'SIGPIPE') gone.abort();
  });
  watcher.unref();
  process.once('exit', () => watcher.kill());
}

function noteFailure(stream: object, error: unknown): void {
  if (!hasCode(error, ...GONE) && !failures.has(stream)) failures.set(stream, error);
}

/** The part of a stream that Node's own for files has: it writes once, and takes no notice of how much was taken. */
interface FileOutput {
  _write(chunk: Uint8Array, encoding: string, done: (error?: Error) => void): void;
}

/** Makes standard output write whole where it is a file: a disk that fills up takes the front of what is written. */
export function writeFilesWhole(stream: NodeJS.WriteStream & { readonly fd: number }): void {
  if (!kindOf(stream.fd)?.isFile()) return;
  const output = stream as unknown as FileOutput;
  output._write = (chunk, _encoding, done) => {
    try {
      for (let at = 0, took = 0; at < chunk.length; at += took) {
        took = writeSync(stream.fd, chunk, at, chunk.length - at);
        if (took === 0) throw new Error(`only ${at} of ${chunk.length} bytes were taken`);
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

function kindOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

/**
 * Waits until everything that was written to a stream is where it goes.
 *
 * @returns why it is not there whole; undefined where it is, or nobody is there to read it
 */
export async function outputFailure(stream: NodeJS.WriteStream): Promise<unknown> {
  await new Promise<void>((resolve) => {
    // An empty write waits for those before it; a device that is full would refuse that one, too.
    if (stream.writableLength > 0) stream.write('', () => resolve());
    else resolve();
  });
  // A failure is told in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve));
  return failures.get(stream);
}

/** Says that the result did not get where it goes. What the command did stays as it is: so does an exit code that tells. */
export function tellOutputFailure(error: unknown): void {
  const { why } = writeFault('/dev/stdout', error);
  const next = 'what the command did stands; write its output to where there is room';
  process.stderr.write(`Error: the output could not be written whole: ${why}\n  -> ${next}\n`);
  process.exitCode ||= ExitCode.configuration;
}
