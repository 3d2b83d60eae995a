import { hasCode } from '../errors.ts';

type Writer = Pick<NodeJS.WriteStream, 'on' | 'removeAllListeners'>;

/**
 * A terminal that was closed, or a reader that went away, must not end a command in the middle of a teardown: what
 * cannot be shown is not shown. oclif's own listener would throw for a closed terminal.
 */
export function surviveClosedStreams(...streams: readonly Writer[]): void {
  for (const stream of streams) {
    stream.removeAllListeners('error');
    stream.on('error', (error: Error) => {
      if (!hasCode(error, 'EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED')) throw error;
    });
  }
}
