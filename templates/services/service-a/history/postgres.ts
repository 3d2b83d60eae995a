import pg from 'pg';
import { type Database, HistoryFault, oneLine, type Row, type Statement } from './database.ts';
import { MIGRATIONS } from './schema.ts';

const CONNECT_MS = 2000;
const STATEMENT_MS = 3000;
/** Names the lock under which tables are made, when several services start at once. */
const MIGRATION_LOCK = 1_667_592_038;

/** PostgreSQL, by a URL whose parameters say how (`sslmode`, ...). Connections are made with the first use, at most four. */
export class PostgresDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #secrets: readonly string[];
  #migrated = false;

  constructor(url: string) {
    this.#secrets = secretsOf(url);
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: 'chainctl-service-a',
      max: 4,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      lock_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: 10_000,
      // For a server that is there and silent.
      query_timeout: STATEMENT_MS + 500,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
      keepAlive: true,
    });
    // A connection that breaks while nobody uses it: the next one is made when it is wanted.
    this.#pool.on('error', () => {});
  }

  async batch(statements: readonly Statement[]): Promise<Row[][]> {
    const client = await this.#pool.connect().catch((error) => Promise.reject(this.#fault(error)));
    // Without a listener a connection that breaks in between would end the process.
    const ignore = () => {};
    client.on('error', ignore);
    let broken = true;
    try {
      if (!this.#migrated) await migrate(client);
      this.#migrated = true;
      await client.query('BEGIN');
      const results: Row[][] = [];
      for (const { sql, params } of statements) results.push((await client.query(sql, [...params])).rows);
      await client.query('COMMIT');
      broken = false;
      return results;
    } catch (error) {
      // Its tables are gone: made again with the next attempt.
      if ((error as { code?: string }).code === '42P01') this.#migrated = false;
      throw this.#fault(error);
    } finally {
      client.off('error', ignore);
      // Closed after any fault: its transaction ends with it, whatever state it was in.
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, STATEMENT_MS);
    });
    await Promise.race([this.#pool.end().catch(() => {}), patience]);
    clearTimeout(timer);
  }

  #fault(error: unknown): HistoryFault {
    if (error instanceof HistoryFault) return error;
    const { message, code } = error as { message?: string; code?: string };
    // A name with several addresses fails with one error for each, and no message.
    let text = message || code || String(error);
    for (const secret of this.#secrets) text = text.replaceAll(secret, '***');
    return new HistoryFault(oneLine(`PostgreSQL: ${text}`));
  }
}

async function migrate(client: pg.PoolClient): Promise<void> {
  const found = await client.query(`SELECT to_regclass('chainctl_history') IS NOT NULL AS found`);
  if (found.rows[0].found && (await versionOf(client)) === MIGRATIONS.length) return;
  await client.query('BEGIN');
  await client.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
  await client.query('CREATE TABLE IF NOT EXISTS chainctl_history (version BIGINT NOT NULL)');
  const version = await versionOf(client);
  if (version > MIGRATIONS.length) {
    throw new HistoryFault('PostgreSQL: its tables were made by a newer version of this program');
  }
  for (const sql of MIGRATIONS.slice(version).flat()) await client.query(sql);
  await client.query('DELETE FROM chainctl_history');
  await client.query(`INSERT INTO chainctl_history VALUES (${MIGRATIONS.length})`);
  await client.query('COMMIT');
}

async function versionOf(client: pg.PoolClient): Promise<number> {
  return Number((await client.query('SELECT MAX(version) AS version FROM chainctl_history')).rows[0].version ?? 0);
}

/** The URL's password, as it stands there and decoded. */
function secretsOf(url: string): string[] {
  const { password, searchParams } = new URL(url);
  const decoded = decoded_(password);
  return [password, decoded, searchParams.get('password') ?? ''].filter((each) => each !== '');
}

function decoded_(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
