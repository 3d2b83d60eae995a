import type { Database, Row, Statement, Value } from './database.ts';
import { type Conversation, storable, type Turn, type TurnState, type TurnWrite, titleOf } from './turn.ts';

export interface Bounds {
  /** Of all questions and answers together. */
  readonly maxBytes: number;
  /** Milliseconds since the last turn of a conversation. */
  readonly maxAgeMs: number;
}

/** How long a deleted conversation is remembered as deleted, so that a tab that still has it open does not bring it back. */
const GRAVE_MS = 7 * 86_400_000;
const HOUR_MS = 3_600_000;
/** Of one page of turns; a single turn may be longer. */
const PAGE_BYTES = 2 << 20;

export interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
}

/**
 * What a write came to. `deleted`: the conversation was deleted before, and stays so. `full`: it alone is larger than all may
 * be together, and takes no more turns.
 */
export type Written = { readonly refused: 'deleted' | 'full' } | { readonly refused: undefined; readonly turn: Turn };

/**
 * Conversations in a database. Every write can be repeated: a turn is known by its id, and of two versions the one that
 * knows more stays. So the server writes when an answer ends, the page writes the same, and neither has to succeed.
 */
export class HistoryStore {
  readonly #database: Database;
  readonly #bounds: Bounds;
  readonly #now: () => number;
  #prunedAt = -Infinity;
  #bytes = 0;

  constructor(database: Database, bounds: Bounds, now: () => number = Date.now) {
    this.#database = database;
    this.#bounds = bounds;
    this.#now = now;
  }

  /** Newest first. `before` is the last one of the page before. */
  async list(limit: number, before?: { readonly updatedAt: number; readonly id: string }): Promise<Page<Conversation>> {
    // Nobody waits for it twice: what cannot be written can often be read.
    await this.#prune().catch(() => {});
    const { updatedAt, id } = before ?? { updatedAt: Number.MAX_SAFE_INTEGER, id: '' };
    const [rows = []] = await this.#database.batch([
      statement(
        `SELECT id, title, created_at, updated_at, turns FROM chainctl_conversations
          WHERE deleted = 0 AND (updated_at < $1 OR (updated_at = $1 AND id < $2))
          ORDER BY updated_at DESC, id DESC LIMIT $3`,
        [updatedAt, id, limit + 1],
      ),
    ]);
    return { data: rows.slice(0, limit).map(conversationOf), hasMore: rows.length > limit };
  }

  async get(id: string): Promise<Conversation | undefined> {
    const [rows = []] = await this.#database.batch([
      statement(
        `SELECT id, title, created_at, updated_at, turns FROM chainctl_conversations WHERE id = $1 AND deleted = 0`,
        [id],
      ),
    ]);
    return rows[0] && conversationOf(rows[0]);
  }

  /** In their order, beginning after the position `after`. Pages end early where the texts are long. */
  async turns(conversation: string, limit: number, after: number): Promise<Page<Turn> | undefined> {
    const [known = [], rows = []] = await this.#database.batch([
      statement('SELECT turns FROM chainctl_conversations WHERE id = $1 AND deleted = 0', [conversation]),
      statement(
        `SELECT * FROM (
          SELECT page.*, SUM(bytes) OVER (ORDER BY position) AS total FROM (
            SELECT * FROM chainctl_turns WHERE conversation_id = $1 AND position > $2 ORDER BY position LIMIT $3
          ) AS page
        ) AS summed WHERE total - bytes < $4 ORDER BY position`,
        [conversation, after, limit, PAGE_BYTES],
      ),
    ]);
    if (known.length === 0) return undefined;
    const last = Number(rows.at(-1)?.position ?? after);
    const [left = []] = await this.#database.batch([
      statement('SELECT id FROM chainctl_turns WHERE conversation_id = $1 AND position > $2 LIMIT 1', [
        conversation,
        last,
      ]),
    ]);
    return { data: rows.map(turnOf), hasMore: left.length > 0 };
  }

  async turn(conversation: string, id: string): Promise<Turn | undefined> {
    const [rows = []] = await this.#database.batch([
      statement('SELECT * FROM chainctl_turns WHERE conversation_id = $1 AND id = $2', [conversation, id]),
    ]);
    return rows[0] && turnOf(rows[0]);
  }

  /** Adds a turn, or what is new of it. */
  async put(conversation: string, id: string, write: TurnWrite): Promise<Written> {
    // Mostly this waits for nothing: a question that comes right after finds what was written here.
    if (this.#bytes > this.#bounds.maxBytes) {
      await this.#prune();
      // Then there is one conversation left, too large by itself. Any other one takes its place.
      if (this.#bytes > this.#bounds.maxBytes && (await this.#isFull(conversation, id))) return { refused: 'full' };
    }
    const question = storable(write.question);
    const answer = storable(write.answer);
    const now = this.#now();
    const bytes = Buffer.byteLength(question) + Buffer.byteLength(answer) + (write.details?.length ?? 0) + 100;
    const known = [
      write.state,
      write.model && storable(write.model),
      write.error && storable(write.error),
      write.details,
    ];
    const results = await this.#database.batch([
      // First, since it holds the conversation's row: of two tabs that write at once, one waits here.
      statement(
        `INSERT INTO chainctl_conversations (id, created_at, updated_at, title) VALUES ($1, $2, $2, $3)
          ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, title =
            CASE WHEN chainctl_conversations.title = '' THEN excluded.title ELSE chainctl_conversations.title END
          WHERE chainctl_conversations.deleted = 0`,
        [conversation, now, storable(titleOf(question))],
      ),
      statement(
        `INSERT INTO chainctl_turns
            (conversation_id, id, position, created_at, bytes, state, model, error, details, question, answer)
          SELECT id, $2, turns + 1, CAST($3 AS BIGINT), CAST($4 AS BIGINT), $5, $6, $7, $8, $9, $10
          FROM chainctl_conversations WHERE id = $1 AND deleted = 0
          ON CONFLICT (conversation_id, id) DO NOTHING`,
        [conversation, id, now, bytes, ...known, question, answer],
      ),
      statement(
        `UPDATE chainctl_turns SET question = $3, bytes = bytes + $4
          WHERE conversation_id = $1 AND id = $2 AND question = ''`,
        [conversation, id, question, Buffer.byteLength(question)],
      ),
      // What knows more: a whole answer before a broken one, more of it before less, a reason or figures before none.
      statement(
        `UPDATE chainctl_turns SET state = $3, model = $4, error = $5, details = $6, answer = $7, bytes = $8
          WHERE conversation_id = $1 AND id = $2 AND state <> 'complete' AND $3 <> 'pending' AND
            ($3 = 'complete' OR LENGTH(answer) < LENGTH($7) OR
              (LENGTH(answer) = LENGTH($7) AND (state = 'pending' OR (error IS NULL AND CAST($5 AS TEXT) IS NOT NULL) OR
                (details IS NULL AND CAST($6 AS TEXT) IS NOT NULL))))`,
        [conversation, id, ...known, answer, bytes],
      ),
      statement(
        `UPDATE chainctl_conversations SET
            turns = (SELECT COALESCE(MAX(position), 0) FROM chainctl_turns WHERE conversation_id = $1),
            bytes = (SELECT COALESCE(SUM(bytes), 0) FROM chainctl_turns WHERE conversation_id = $1)
          WHERE id = $1 AND deleted = 0`,
        [conversation],
      ),
      statement('SELECT * FROM chainctl_turns WHERE conversation_id = $1 AND id = $2', [conversation, id]),
    ]);
    // At most so much more: it is counted when that matters.
    this.#bytes += bytes;
    void this.#prune(conversation).catch(() => {});
    const row = results.at(-1)?.[0];
    return row === undefined ? { refused: 'deleted' } : { refused: undefined, turn: turnOf(row) };
  }

  /** It is too large for another turn; the end of an answer that is being given still finds its place. */
  async #isFull(conversation: string, turn: string): Promise<boolean> {
    const [rows = []] = await this.#database.batch([
      statement(
        `SELECT id FROM chainctl_conversations WHERE id = $1 AND deleted = 0 AND bytes > $3 AND NOT EXISTS
          (SELECT id FROM chainctl_turns WHERE conversation_id = $1 AND id = $2)`,
        [conversation, turn, this.#bounds.maxBytes],
      ),
    ]);
    return rows.length > 0;
  }

  /** False where there was none. */
  async delete(id: string): Promise<boolean> {
    const [rows = []] = await this.#database.batch(
      [
        statement(`${BURY} AND id = $2 RETURNING id`, [this.#now(), id]),
        statement('DELETE FROM chainctl_turns WHERE conversation_id = $1', [id]),
      ],
      { erase: true },
    );
    return rows.length > 0;
  }

  /** How many there were. */
  async deleteAll(): Promise<number> {
    const [rows = []] = await this.#database.batch(
      [statement(`${BURY} RETURNING id`, [this.#now()]), statement('DELETE FROM chainctl_turns', [])],
      { erase: true },
    );
    this.#bytes = 0;
    return rows.length;
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /**
   * What is too old goes, then the oldest of what is too much; the newest conversation stays. Once an hour, and when it is
   * too much.
   * @param written the newest one, where another may be of the same millisecond
   */
  async #prune(written = ''): Promise<void> {
    const now = this.#now();
    if (now - this.#prunedAt < HOUR_MS && this.#bytes <= this.#bounds.maxBytes) return;
    this.#prunedAt = now;
    const { maxBytes, maxAgeMs } = this.#bounds;
    const results = await this.#database.batch([
      statement(`DELETE FROM chainctl_conversations WHERE updated_at < $1 OR (deleted = 1 AND updated_at < $2)`, [
        now - maxAgeMs,
        now - GRAVE_MS,
      ]),
      statement(
        `DELETE FROM chainctl_conversations WHERE id IN (
          SELECT id FROM (
            SELECT id, SUM(bytes) OVER newest AS total, ROW_NUMBER() OVER newest AS place
            FROM chainctl_conversations WHERE deleted = 0
            WINDOW newest AS (ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END, updated_at DESC, id DESC)
          ) AS summed WHERE total > $1 AND place > 1
        )`,
        [maxBytes, written],
      ),
      statement('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM chainctl_conversations', []),
    ]);
    this.#bytes = Number(results.at(-1)?.[0]?.bytes ?? 0);
  }
}

const BURY = `UPDATE chainctl_conversations SET deleted = 1, title = '', turns = 0, bytes = 0, updated_at = $1
  WHERE deleted = 0`;

function statement(sql: string, params: readonly Value[]): Statement {
  return { sql, params };
}

/** PostgreSQL gives large integers as text. */
function conversationOf(row: Row): Conversation {
  return {
    id: String(row.id),
    title: String(row.title),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    turns: Number(row.turns),
  };
}

function turnOf(row: Row): Turn {
  const optional = (value: unknown) => (value === null || value === undefined ? null : String(value));
  return {
    id: String(row.id),
    position: Number(row.position),
    createdAt: Number(row.created_at),
    state: String(row.state) as TurnState,
    model: optional(row.model),
    error: optional(row.error),
    details: optional(row.details),
    question: String(row.question),
    answer: String(row.answer),
  };
}
