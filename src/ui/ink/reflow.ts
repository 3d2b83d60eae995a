type Env = Readonly<Record<string, string | undefined>>;

// Row by row: tmux takes the erasure of a whole screen for a page turned, and keeps the page in its history.
const UP_AND_ERASE = '\u001b[A\u001b[2K';

/** Whether a terminal that gets narrower breaks the rows that no longer fit; xterm and a few old ones cut them. */
export function reflows(env: Env): boolean {
  if (env.TMUX !== undefined) return true;
  return env.XTERM_VERSION === undefined && !/^(linux|rxvt|screen|vt\d)/.test(env.TERM ?? '');
}

/**
 * What takes a frame away that the terminal has broken into more rows than it was drawn with, or cut. Ink erases as
 * many rows as it has drawn and leaves the others behind. Afterwards the cursor is where it would be below a frame
 * that still fits, since that is what Ink erases next. Empty when the frame is whole. What a smaller screen has
 * already pushed into the terminal's history is out of reach.
 *
 * @param widths columns of the rows of the frame; the cursor is on the row below the last
 * @param size of the terminal as it is now
 */
export function eraseBroken(widths: readonly number[], size: { columns: number; rows: number }): string {
  const rows = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / size.columns)), 0);
  const onScreen = Math.max(1, size.rows - 1);
  if (rows === widths.length && rows <= onScreen) return '';
  return `${UP_AND_ERASE.repeat(Math.min(rows, onScreen))}\r${'\n'.repeat(Math.min(widths.length, onScreen))}`;
}
