/** What ends the download: the message for a person, and the exit code. */
export class Fatal extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What another attempt may mend. */
export class Broken extends Error {
  /** The server asked for this pause, seconds. */
  readonly retryAfter: number | undefined;

  constructor(message: string, retryAfter?: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Text of the network as one bounded line without control characters. */
export function plain(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}...` : line;
}

/** What an operator can do about a fault of the disk. */
export function diskFault(error: unknown, folder: string): Fatal {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Fatal(`needs more space in ${folder}: the disk is full`);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new Fatal(`cannot write to ${folder}: ${plain(message)}`);
  }
  if (code === 'ENOENT') return new Fatal(`there is no folder ${folder}: mount a volume there`);
  return new Fatal(`the disk failed in ${folder}: ${plain(message)}`);
}
