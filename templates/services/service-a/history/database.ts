/** One statement with its parameters `$1`, `$2`, ...: SQLite and PostgreSQL both know that form. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly Value[];
}

export type Value = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

/** Where conversations are kept. A new kind is a file and one line in `history.ts`. */
export interface Database {
  /**
   * Runs the statements in one transaction, all or none. Rejects with a `HistoryFault` when the database cannot do it now:
   * locked, full, gone, slow. It is tried anew with the next call.
   *
   * @param options.erase content was deleted: leave nothing of it in the files
   * @returns the rows of each statement
   */
  batch(statements: readonly Statement[], options?: { readonly erase?: boolean }): Promise<Row[][]>;
  /** Waits for what has begun, but not long. */
  close(): Promise<void>;
}

/** Why history is not kept now. The message is one short line, without contents, paths of secrets or passwords. */
export class HistoryFault extends Error {}

/** Reasons come from other programs: one line, bounded. */
export function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
