import { type Database, HistoryFault, oneLine } from './database.ts';
import { PostgresDatabase } from './postgres.ts';
import type { HistorySettings } from './settings.ts';
import { SqliteDatabase } from './sqlite.ts';
import { HistoryStore } from './store.ts';

/** How long a file's lock is waited for, in milliseconds. */
const LOCK_MS = 1000;

/** Keeps conversations, or says why it cannot. A fault costs history, never a chat; the next request tries again. */
export class History {
  /** False: HISTORY=off. */
  readonly on: boolean;
  readonly #store: HistoryStore | undefined;
  readonly #warn: (line: string) => void;
  #fault: string | undefined;

  constructor(store: HistoryStore | undefined, warn: (line: string) => void) {
    this.on = store !== undefined;
    this.#store = store;
    this.#warn = warn;
  }

  /**
   * Uses the store. Says on stderr when history begins to fail, and when it is kept again: with the first write that succeeds.
   *
   * @throws HistoryFault with the reason
   */
  async use<T>(work: (store: HistoryStore) => Promise<T>, { writes = false } = {}): Promise<T> {
    if (this.#store === undefined) throw new HistoryFault('it is turned off (HISTORY=off)');
    try {
      const result = await work(this.#store);
      if (writes && this.#fault !== undefined) {
        this.#fault = undefined;
        this.#warn('history is kept again');
      }
      return result;
    } catch (error) {
      const fault =
        error instanceof HistoryFault
          ? error
          : new HistoryFault(oneLine(error instanceof Error ? error.message : String(error)));
      if (this.#fault === undefined) this.#warn(`history is not kept, chats go on without it: ${fault.message}`);
      this.#fault = fault.message;
      throw fault;
    }
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }
}

export function openHistory(settings: HistorySettings, warn: (line: string) => void): History {
  const database = databaseOf(settings);
  return new History(database && new HistoryStore(database, settings), warn);
}

function databaseOf({ place, maxBytes }: HistorySettings): Database | undefined {
  if (place === undefined) return undefined;
  if (place.kind === 'postgres') return new PostgresDatabase(place.url);
  return new SqliteDatabase({ path: place.path, maxBytes, lockMs: LOCK_MS });
}
