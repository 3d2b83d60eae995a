import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../templates/services/service-a/history/database.ts';
import { PostgresDatabase } from '../../../templates/services/service-a/history/postgres.ts';
import { SqliteDatabase } from '../../../templates/services/service-a/history/sqlite.ts';
import { HistoryStore } from '../../../templates/services/service-a/history/store.ts';
import type { TurnWrite } from '../../../templates/services/service-a/history/turn.ts';
import { createPostgres, hasPostgres, type Postgres } from '../../support/postgres.ts';

const BOUNDS = { maxBytes: 1e9, maxAgeMs: 1e12 };

const asked = (question: string): TurnWrite => ({
  question,
  answer: '',
  state: 'pending',
  model: null,
  error: null,
  details: null,
});
const answered = (question: string, answer: string, more: Partial<TurnWrite> = {}): TurnWrite => ({
  ...asked(question),
  answer,
  state: 'complete',
  model: 'chain',
  ...more,
});

/** What both databases do alike. */
function keepsConversations(open: () => Database): void {
  let databases: Database[] = [];
  const fresh = async (bounds = BOUNDS, now?: () => number) => {
    const database = open();
    databases.push(database);
    await new HistoryStore(database, BOUNDS).deleteAll();
    return new HistoryStore(database, bounds, now);
  };
  afterAll(async () => {
    await Promise.all(databases.map((each) => each.close()));
    databases = [];
  });
  let last = 0;
  /** A new id for each test: deleted ones are remembered. */
  const conversation = () => `conversation-${++last}`;

  test('a turn is kept, and what is new of it; what knows less changes nothing', async () => {
    const store = await fresh();
    const id = conversation();
    expect(await store.put(id, 'turn-0001', asked('  Hello\u0000\ud800 there\nsecond line'))).toMatchObject({
      refused: undefined,
      turn: { position: 1, state: 'pending', question: '  Hello\ufffd\ufffd there\nsecond line' },
    });
    await store.put(id, 'turn-0001', answered('Hello', 'Half of', { state: 'stopped', model: 'a\u0000b' }));
    await store.put(id, 'turn-0001', answered('Hello', 'Half', { state: 'failed', error: 'gone' }));
    expect((await store.turns(id, 10, 0))?.data).toMatchObject([{ answer: 'Half of', state: 'stopped', error: null }]);
    await store.put(id, 'turn-0001', answered('Hello', 'All of it', { details: '{"total_seconds":1}' }));
    await store.put(id, 'turn-0001', answered('Hello', 'More, but of a stream that broke', { state: 'failed' }));
    await store.put(id, 'turn-0001', asked('Hello'));
    expect(await store.turns(id, 10, 0)).toMatchObject({
      data: [{ id: 'turn-0001', answer: 'All of it', state: 'complete', details: '{"total_seconds":1}' }],
      hasMore: false,
    });
    expect(await store.get(id)).toMatchObject({ id, title: 'Hello\ufffd\ufffd there', turns: 1 });
  });

  test('an answer that comes before its question waits for it', async () => {
    const store = await fresh();
    const id = conversation();
    await store.put(id, 'turn-0001', answered('', 'Answer'));
    await store.put(id, 'turn-0001', asked('Question'));
    expect((await store.turns(id, 10, 0))?.data).toMatchObject([
      { question: 'Question', answer: 'Answer', state: 'complete' },
    ]);
    expect((await store.list(10)).data).toMatchObject([{ id, title: 'Question', turns: 1 }]);
  });

  test('two tabs that write one conversation at once lose nothing, and both see one order', async () => {
    const store = await fresh();
    const id = conversation();
    const writes = Array.from({ length: 40 }, (_, index) =>
      store.put(id, `turn-${index % 2}-${index}`, asked(`question ${index}`)),
    );
    const positions = (await Promise.all(writes)).map((each) => (each.refused ? 0 : each.turn.position));
    expect(positions.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    // The answers come in another order, and their turns stay where they are.
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => 39 - at).map((index) =>
        store.put(id, `turn-${index % 2}-${index}`, answered('', `answer ${index}`)),
      ),
    );
    const page = await store.turns(id, 100, 0);
    expect(page?.data.map(({ position }) => position)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    for (const { question, answer } of page?.data ?? []) expect(answer).toBe(question.replace('question', 'answer'));
  });

  test('pages of turns end at their number and at their size, and none is left out', async () => {
    const store = await fresh();
    const id = conversation();
    const long = 'x'.repeat(900_000);
    for (let at = 1; at <= 7; at++) await store.put(id, `turn-000${at}`, answered(`q${at}`, at < 6 ? long : 'short'));
    const pages: number[][] = [];
    let after = 0;
    for (;;) {
      const page = await store.turns(id, 4, after);
      pages.push(page?.data.map(({ position }) => position) ?? []);
      if (!page?.hasMore) break;
      after = page.data.at(-1)?.position ?? 0;
    }
    expect(pages).toEqual([
      [1, 2, 3],
      [4, 5, 6, 7],
    ]);
  });

  test('the list is newest first, paged without a gap where times are equal', async () => {
    let now = 1_000_000_000_000;
    const store = await fresh(BOUNDS, () => now);
    const ids = Array.from({ length: 7 }, () => conversation());
    for (const [at, id] of ids.entries()) {
      now += at < 3 ? 0 : 10;
      await store.put(id, 'turn-0001', asked(`question of ${id}`));
    }
    const seen: string[] = [];
    let before: { updatedAt: number; id: string } | undefined;
    for (;;) {
      const page = await store.list(2, before);
      seen.push(...page.data.map(({ id }) => id));
      before = page.data.at(-1);
      if (!page.hasMore) break;
    }
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen.slice(0, 4)).toEqual(ids.slice(3).reverse());
  });

  test('what was deleted stays deleted, also when a tab still writes into it', async () => {
    const store = await fresh();
    const [one, other] = [conversation(), conversation()];
    await store.put(one, 'turn-0001', asked('One'));
    await store.put(other, 'turn-0001', asked('Other'));
    expect(await store.delete(one)).toBe(true);
    expect(await store.delete(one)).toBe(false);
    expect(await store.put(one, 'turn-0001', answered('One', 'late'))).toEqual({ refused: 'deleted' });
    expect(await store.turns(one, 10, 0)).toBeUndefined();
    expect((await store.list(10)).data.map(({ id }) => id)).toEqual([other]);
    expect(await store.deleteAll()).toBe(1);
    expect((await store.list(10)).data).toEqual([]);
  });

  test('too old and too much goes, the oldest first', async () => {
    let now = 2_000_000_000_000;
    const store = await fresh({ maxBytes: 25_000, maxAgeMs: 86_400_000 }, () => now);
    const [old, first, second, third] = [conversation(), conversation(), conversation(), conversation()];
    await store.put(old, 'turn-0001', asked('old'));
    now += 86_400_001;
    for (const id of [first, second, third]) {
      await store.put(id, 'turn-0001', answered('question', 'x'.repeat(10_000)));
      now += 3_600_001;
    }
    expect((await store.list(10)).data.map(({ id }) => id)).toEqual([third, second]);
  });

  test('a conversation that alone is too much takes no more turns, and is in the way of no other one', async () => {
    // All in one millisecond, too.
    const store = await fresh({ maxBytes: 25_000, maxAgeMs: 86_400_000 }, () => 2_000_000_000_000);
    const [large, other] = [conversation(), conversation()];
    await store.put(large, 'turn-0001', asked('question'));
    await store.put(large, 'turn-0002', answered('question', 'x'.repeat(30_000)));
    await store.put(large, 'turn-0001', answered('question', 'y'.repeat(30_000)));
    expect(await store.put(large, 'turn-0003', asked('more'))).toEqual({ refused: 'full' });
    // What is being answered ends.
    await store.put(large, 'turn-0002', asked('question'));
    expect((await store.turns(large, 10, 0))?.data).toMatchObject([
      { answer: expect.stringMatching(/^y/), state: 'complete' },
      { answer: expect.stringMatching(/^x/) },
    ]);
    expect((await store.list(10)).data.map(({ id }) => id)).toEqual([large]);
    expect(await store.put(other, 'turn-0001', asked('question'))).toMatchObject({ turn: { position: 1 } });
    expect((await store.list(10)).data.map(({ id }) => id)).toEqual([other]);
    expect(await store.put(large, 'turn-0001', asked('again'))).toMatchObject({ turn: { position: 1 } });
  });

  test('what was measured of a broken answer is kept, whoever knows it', async () => {
    const store = await fresh();
    const id = conversation();
    const stopped = (details: string | null) => answered('Hello', 'Half of', { state: 'stopped', details });
    await store.put(id, 'turn-0001', stopped(null));
    await store.put(id, 'turn-0001', stopped('{"total_seconds":1}'));
    await store.put(id, 'turn-0001', stopped('{"total_seconds":2}'));
    expect(await store.turn(id, 'turn-0001')).toMatchObject({ details: '{"total_seconds":1}' });
  });

  test('opened again, it has what was written', async () => {
    const store = await fresh();
    const id = conversation();
    await store.put(id, 'turn-0001', answered('Frage', 'Antwort: „äöü“ 🙂'));
    await store.close();
    databases.pop();
    const database = open();
    databases.push(database);
    expect((await new HistoryStore(database, BOUNDS).turns(id, 10, 0))?.data).toMatchObject([
      { question: 'Frage', answer: 'Antwort: „äöü“ 🙂' },
    ]);
  });
}

describe('conversations in a SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainctl-history-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  keepsConversations(() => new SqliteDatabase({ path: join(folder, 'history.db'), maxBytes: 1e9, lockMs: 500 }));
});

describe.skipIf(!hasPostgres)('conversations in PostgreSQL (skipped without the programs initdb and postgres)', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await createPostgres();
  });
  afterAll(() => postgres?.remove());
  keepsConversations(() => new PostgresDatabase(postgres.url));
});
