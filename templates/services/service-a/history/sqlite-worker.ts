import { parentPort, workerData } from 'node:worker_threads';
import type { Row, Statement } from './database.ts';
import { SqliteFile, type SqliteOptions } from './sqlite-file.ts';

/** What the service asks of the thread, and what it says. */
export interface SqliteRequest {
  readonly id: number;
  readonly statements: readonly Statement[];
  readonly erase: boolean;
}

export type SqliteReply =
  | { readonly id: number; readonly rows: Row[][] }
  | { readonly id: number; readonly fault: string };

/** True in the thread that has the file; the service's one bundle runs in both. */
export const isSqliteThread = workerData?.chainctl === 'history';

/** Answers requests one after another: node:sqlite knows no waiting, so it has a thread in which it may block. */
export async function runSqliteThread(): Promise<void> {
  // Older Node versions warn that the module is new.
  process.emitWarning = () => {};
  const { DatabaseSync } = await import('node:sqlite');
  const file = new SqliteFile(workerData.options as SqliteOptions, DatabaseSync);
  parentPort?.on(
    'message',
    ({ id, statements, erase }: SqliteRequest | { id: 0; statements?: never; erase?: never }) => {
      if (statements === undefined) {
        file.close();
        parentPort?.close();
        return;
      }
      parentPort?.postMessage(attempt(id, () => file.batch(statements, erase)));
    },
  );
}

function attempt(id: number, work: () => Row[][]): SqliteReply {
  try {
    return { id, rows: work() };
  } catch (error) {
    return { id, fault: error instanceof Error ? error.message : String(error) };
  }
}

// Run from its source, this file is the thread's whole program.
if (isSqliteThread && import.meta.url.endsWith('/sqlite-worker.ts')) await runSqliteThread();
