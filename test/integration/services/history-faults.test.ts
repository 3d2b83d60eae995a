import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { History, openHistory } from '../../../templates/services/service-a/history/history.ts';
import type { HistorySettings } from '../../../templates/services/service-a/history/settings.ts';
import type { TurnWrite } from '../../../templates/services/service-a/history/turn.ts';
import { createPostgres, hasPostgres, type Postgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const BOUNDS = { maxBytes: 1e8, maxAgeMs: 1e12, hosts: [] };
const TURN: TurnWrite = {
  ...{ question: 'Question', answer: 'Answer', state: 'complete', model: null, error: null, details: null },
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function setUp(place: HistorySettings['place'], bounds = BOUNDS) {
  const warnings: string[] = [];
  const history = openHistory({ place, ...bounds }, (line) => warnings.push(line));
  ends.push(() => history.close());
  let last = 0;
  const put = (write = TURN) =>
    history.use((store) => store.put('conversation-1', `turn-${++last}-of-test`, write), { writes: true });
  const kept = () => history.use(async (store) => (await store.turns('conversation-1', 1000, 0))?.data.length ?? 0);
  /** What is old is deleted once an hour: with this, and not beside the next write. */
  const tidy = () => history.use((store) => store.list(1));
  return { history, warnings, put, kept, tidy };
}

/** The reason for which a write is refused. */
async function refusal(put: () => Promise<unknown>): Promise<string> {
  return put().then(
    () => 'kept',
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );
}

describe('history in a SQLite file', () => {
  const setUpFile = (bounds = BOUNDS) => {
    const folder = mkdtempSync(join(tmpdir(), 'chainctl-faults-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'history.db');
    return { folder, path, ...setUp({ kind: 'sqlite', path }, bounds) };
  };

  test('that another process holds is not kept, and is again when it is let go', async () => {
    const { path, put, kept, tidy, warnings } = setUpFile();
    await tidy();
    await put();
    const other = new DatabaseSync(path);
    other.exec('BEGIN EXCLUSIVE');
    expect(await refusal(put)).toBe('HistoryFault: database is locked');
    // What only reads is not held up.
    expect(await kept()).toBe(1);
    expect(await refusal(put)).toBe('HistoryFault: database is locked');
    other.exec('COMMIT');
    other.close();
    expect(await refusal(put)).toBe('kept');
    expect(await kept()).toBe(2);
    // Once each, although it could be read in between.
    expect(warnings).toEqual([
      'history is not kept, chats go on without it: database is locked',
      'history is kept again',
    ]);
  });

  test('that was deleted is made anew; it is nobody else’s to read', async () => {
    const { path, put, kept } = setUpFile();
    await put();
    for (const each of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(each).mode & 0o777).toBe(0o600);
    for (const each of [path, `${path}-wal`, `${path}-shm`]) rmSync(each);
    expect(await refusal(put)).toBe('kept');
    expect(await kept()).toBe(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('that is damaged stays as it is, until it is moved away', async () => {
    const { path, put, warnings } = setUpFile();
    const garbage = 'this is no database '.repeat(1000);
    writeFileSync(path, garbage);
    expect(await refusal(put)).toBe('HistoryFault: file is not a database');
    expect(statSync(path)).toMatchObject({ size: garbage.length });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    renameSync(path, `${path}.damaged`);
    expect(await refusal(put)).toBe('kept');
    expect(warnings).toEqual([
      'history is not kept, chats go on without it: file is not a database',
      'history is kept again',
    ]);
  });

  test('that is damaged inside is a fault, and not made worse', async () => {
    const { history, path, put } = setUpFile();
    await put({ ...TURN, answer: 'x'.repeat(200_000) });
    await history.close();
    const size = statSync(path).size;
    writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 4096), Buffer.alloc(size - 4096, 0xee)]));
    const again = setUp({ kind: 'sqlite', path });
    expect(await refusal(again.put)).toBe('HistoryFault: database disk image is malformed');
    expect(statSync(path).size).toBe(size);
    renameSync(path, `${path}.damaged`);
    expect(await refusal(again.put)).toBe('kept');
  });

  test('that was made by a newer version is left alone', async () => {
    const { path, put } = setUpFile();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    expect(await refusal(put)).toBe('HistoryFault: the database was made by a newer version of this program');
  });

  test('whose folder is missing, or no folder, says so and goes on when it is there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chainctl-faults-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'file'), '');
    const { put } = setUp({ kind: 'sqlite', path: join(folder, 'file', 'history.db') });
    expect(await refusal(put)).toMatch(/^HistoryFault: .*(ENOTDIR|EEXIST)/);
    rmSync(join(folder, 'file'));
    expect(await refusal(put)).toBe('kept');
  });

  test.skipIf(process.getuid?.() === 0)('that may not be written says so (skipped as root, who may)', async () => {
    const { path, put } = setUpFile();
    await put();
    chmodSync(path, 0o400);
    expect(await refusal(put)).toMatch(/^HistoryFault: /);
  });

  test('on a disk that is full is not kept, and is again when there is room (skipped where nothing can be mounted)', async ({
    skip,
  }) => {
    const folder = mkdtempSync(join(tmpdir(), 'chainctl-full-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      skip();
    }
    ends.push(() => execFileSync('umount', ['-l', folder]));
    const { put, kept, history } = setUp({ kind: 'sqlite', path: join(folder, 'history.db') });
    ends.push(() => history.close());
    await put();
    writeFileSync(join(folder, 'other'), 'x'.repeat(700_000));
    const large = { ...TURN, answer: 'x'.repeat(400_000) };
    expect(await refusal(() => put(large))).toMatch(/^HistoryFault: (database or disk is full|disk I\/O error)/);
    expect(await kept()).toBe(1);
    rmSync(join(folder, 'other'));
    expect(await refusal(() => put({ ...TURN, answer: 'x'.repeat(100_000) }))).toBe('kept');
    expect(await kept()).toBe(2);
  });
});

describe.skipIf(!hasPostgres)('history in PostgreSQL (skipped without the programs initdb and postgres)', () => {
  const start = async () => {
    const postgres: Postgres = await createPostgres();
    ends.push(() => postgres.remove());
    return { postgres, ...setUp({ kind: 'postgres', url: postgres.url }) };
  };

  test('that goes away and comes back is kept again, and shows no password', async () => {
    const { postgres, put, kept, warnings } = await start();
    await put();
    await postgres.kill();
    expect(await refusal(put)).toMatch(/^HistoryFault: PostgreSQL: /);
    expect(await refusal(put)).toMatch(/^HistoryFault: PostgreSQL: .*ECONNREFUSED/);
    await postgres.start();
    expect(await refusal(put)).toBe('kept');
    expect(await kept()).toBe(2);
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).not.toContain(postgres.password);
    const wrong = setUp({ kind: 'postgres', url: postgres.url.replace(/:[^:@]+@/, ':wr0ng-secret@') });
    expect(await refusal(wrong.put)).toMatch(/password authentication failed for user "keeper"$/);
    expect(wrong.warnings.join()).not.toContain('wr0ng-secret');
  });

  test('that is there and silent, or locked by another, is slow for history only', async () => {
    const { postgres, put, kept } = await start();
    await put();
    postgres.signal('SIGSTOP');
    // The server's own process for this connection still answers; a new connection does not.
    const other = setUp({ kind: 'postgres', url: postgres.url });
    expect(await refusal(other.put)).toMatch(/^HistoryFault: PostgreSQL: .*timeout/i);
    postgres.signal('SIGCONT');
    await until('it is kept again', async () => (await refusal(other.put)) === 'kept');
    expect(await kept()).toBeGreaterThan(0);
  });

  test('that lost its tables gets new ones', async () => {
    const { postgres, put, kept, tidy } = await start();
    await tidy();
    await put();
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query('DROP TABLE chainctl_turns, chainctl_conversations, chainctl_history');
    await client.end();
    expect(await refusal(put)).toMatch(/does not exist/);
    expect(await refusal(put)).toBe('kept');
    expect(await kept()).toBe(1);
  });
});

test('history that is off says so', async () => {
  const warnings: string[] = [];
  const history = new History(undefined, (line) => warnings.push(line));
  await expect(history.use(async () => 1)).rejects.toThrow('it is turned off (HISTORY=off)');
  expect([history.on, warnings]).toEqual([false, []]);
});
