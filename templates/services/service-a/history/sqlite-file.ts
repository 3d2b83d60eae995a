import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Row, Statement } from './database.ts';
import { MIGRATIONS } from './schema.ts';

export interface SqliteOptions {
  readonly path: string;
  /** The file may become twice as large, for what SQLite adds. */
  readonly maxBytes: number;
  /** How long to wait for another process's lock, in milliseconds. */
  readonly lockMs: number;
}

/**
 * A SQLite file, synchronously: for a thread of its own. Opened with the first use, and anew after a fault or when the file
 * is another one than that which was opened: SQLite itself would go on writing into one that was deleted.
 */
export class SqliteFile {
  readonly #options: SqliteOptions;
  readonly #Sqlite: typeof DatabaseSync;
  #open: { readonly database: DatabaseSync; readonly inode: bigint | undefined } | undefined;

  constructor(options: SqliteOptions, Sqlite: typeof DatabaseSync) {
    this.#options = options;
    this.#Sqlite = Sqlite;
  }

  /** All statements or none. Throws SQLite's error, or that of the file system. */
  batch(statements: readonly Statement[], erase = false): Row[][] {
    const database = this.#database();
    try {
      // What only reads waits for no writer.
      database.exec(statements.every(({ sql }) => sql.startsWith('SELECT')) ? 'BEGIN' : 'BEGIN IMMEDIATE');
      const rows = statements.map(({ sql, params }) =>
        database.prepare(sql).all(Object.fromEntries(params.map((value, index) => [`$${index + 1}`, value]))),
      );
      database.exec('COMMIT');
      // The log still has what was deleted, until it is written into the file and cut off.
      if (erase) database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA incremental_vacuum');
      return rows as Row[][];
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      // A lock passes by itself; after anything else what was opened is not trusted.
      if (!isBusy(error)) this.close();
      throw error;
    }
  }

  close(): void {
    try {
      this.#open?.database.close();
    } catch {}
    this.#open = undefined;
  }

  #database(): DatabaseSync {
    if (this.#open && this.#open.inode !== inodeOf(this.#options.path)) this.close();
    if (this.#open) return this.#open.database;
    const { path, maxBytes, lockMs } = this.#options;
    if (path !== ':memory:') prepareFile(path);
    const database = new this.#Sqlite(path, { timeout: lockMs });
    try {
      database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      database.exec('PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 4194304');
      database.exec(`PRAGMA max_page_count = ${Math.ceil((maxBytes * 2 + (16 << 20)) / 4096)}`);
      migrate(database);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#open = { database, inode: inodeOf(path) };
    return database;
  }
}

function migrate(database: DatabaseSync): void {
  const version = () => Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version() > MIGRATIONS.length) throw new Error('the database was made by a newer version of this program');
  if (version() === MIGRATIONS.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    // Once more, now that nobody else can write.
    for (const sql of MIGRATIONS.slice(version()).flat()) database.exec(sql);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** Conversations are for their owner's eyes; the files beside it (-wal, -shm) get the same mode from SQLite. */
function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  closeSync(openSync(path, 'a', 0o600));
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function inodeOf(path: string): bigint | undefined {
  return path === ':memory:' ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** SQLITE_BUSY and SQLITE_LOCKED, whatever their extension says. */
function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && ((code & 0xff) === 5 || (code & 0xff) === 6);
}
