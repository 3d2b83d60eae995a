import { hasCode } from '../errors.ts';

/** What the place we write to can do. "Can prompt" and "can animate" are separate questions. */
export interface Terminal {
  readonly canPrompt: boolean;
  readonly canAnimate: boolean;
}

type Stream = { readonly isTTY?: boolean };

/**
 * Decides from the streams and the environment; `CI` and `TERM=dumb` mean that nothing may be redrawn, and so does
 * `INK_SCREEN_READER=true`: a region that is redrawn four times a second would be read out again and again.
 */
export function terminalOf(
  { stdin, stderr }: { readonly stdin: Stream; readonly stderr: Stream },
  { CI, TERM, INK_SCREEN_READER }: Readonly<Record<string, string | undefined>>,
): Terminal {
  const tty = stderr.isTTY === true;
  const isCi = CI !== undefined && !['', 'false', '0'].includes(CI);
  return {
    canPrompt: stdin.isTTY === true && tty,
    canAnimate: tty && TERM !== 'dumb' && !isCi && INK_SCREEN_READER !== 'true',
  };
}

/**
 * A terminal that was closed, or a reader that went away, must not end a command in the middle of a teardown: what
 * cannot be shown is not shown. oclif's own listener would throw for a closed terminal.
 */
export function surviveClosedStreams(
  ...streams: readonly Pick<NodeJS.WriteStream, 'on' | 'removeAllListeners'>[]
): void {
  for (const stream of streams) {
    stream.removeAllListeners('error');
    stream.on('error', (error: Error) => {
      if (!hasCode(error, 'EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED')) throw error;
    });
  }
}
