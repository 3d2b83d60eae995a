/**
 * What each version of the tables adds; never changed once it was released, only added to. Both databases understand it.
 * Times are milliseconds since 1970. What is short comes first in a row: SQLite reads up to the column that it needs.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE chainctl_conversations (
      id TEXT PRIMARY KEY,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      turns BIGINT NOT NULL DEFAULT 0,
      bytes BIGINT NOT NULL DEFAULT 0,
      deleted BIGINT NOT NULL DEFAULT 0,
      title TEXT NOT NULL
    )`,
    'CREATE INDEX chainctl_conversations_by_time ON chainctl_conversations (updated_at, id)',
    `CREATE TABLE chainctl_turns (
      conversation_id TEXT NOT NULL REFERENCES chainctl_conversations (id) ON DELETE CASCADE,
      id TEXT NOT NULL,
      position BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      bytes BIGINT NOT NULL,
      state TEXT NOT NULL,
      model TEXT,
      error TEXT,
      details TEXT,
      question TEXT NOT NULL,
      answer TEXT NOT NULL,
      PRIMARY KEY (conversation_id, id)
    )`,
    'CREATE UNIQUE INDEX chainctl_turns_in_order ON chainctl_turns (conversation_id, position)',
  ],
];
