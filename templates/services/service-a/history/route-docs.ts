import { count, flag, list, object, type RouteDoc, text } from '../../common/api/openapi.ts';
import type { Schema } from '../../common/api/schema.ts';
import { STATES } from './turn.ts';

const id: Schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{8,64}$' };
const nullableText: Schema = { type: ['string', 'null'] };
const place: Schema = { type: 'integer', minimum: 1 };
const state: Schema = { type: 'string', enum: STATES };
const kind = (name: string): Schema => ({ type: 'string', enum: [name] });

const CONVERSATION = object({
  ...{ id, object: kind('conversation'), title: text, created_at: text, updated_at: text, turns: count },
});
/** What a `PUT` answers with: all but the texts. */
const KEPT = {
  ...{ id, object: kind('conversation.turn'), position: place, state, model: nullableText, error: nullableText },
  ...{ chainctl: { type: ['object', 'array', 'null'] } as Schema, created_at: text },
};
const TURN = object({ ...KEPT, question: text, answer: text });
const WRITE = object(
  { question: { type: 'string', minLength: 1, pattern: '\\S' } },
  {
    answer: text,
    state,
    model: { type: 'string', maxLength: 256 },
    error: { type: 'string', maxLength: 2000 },
    chainctl: { type: 'object' },
  },
);

const page = (items: Schema, next: Schema) => object({ object: kind('list'), data: list(items), has_more: flag, next });
const deleted = object({ id, object: kind('conversation.deleted'), deleted: flag });
const deletedAll = object({ object: kind('list.deleted'), deleted: count });

const between = (maximum: number): Schema => ({ type: 'integer', minimum: 1, maximum });
const FAILURES = [400, 403, 404, 503] as const;

function doc(summary: string, answer: Schema, more: Partial<RouteDoc> = {}): RouteDoc {
  return { summary, tag: 'conversations', answers: { 'application/json': answer }, failures: FAILURES, ...more };
}

const ofOne = { parameters: { id } };
const ofTurn = { parameters: { id, turn: id } };

/** What /openapi.json tells of the conversations, by method and path. */
export const HISTORY_DOCS = {
  'GET /v1/conversations': doc('The conversations that are kept, newest first', page(CONVERSATION, nullableText), {
    query: { limit: between(200), before: { type: 'string', pattern: '^[0-9]{1,15}_[A-Za-z0-9_-]{8,64}$' } },
  }),
  'DELETE /v1/conversations': doc('Deletes all of them', deletedAll),
  'GET /v1/conversations/{id}': doc('One of them', CONVERSATION, ofOne),
  'DELETE /v1/conversations/{id}': doc('Deletes it', deleted, ofOne),
  'GET /v1/conversations/{id}/turns': doc(
    'Its questions and answers, in order',
    page(TURN, { type: ['integer', 'null'] }),
    {
      ...ofOne,
      query: { limit: between(1000), after: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } },
    },
  ),
  'GET /v1/conversations/{id}/turns/{turn}': doc('One of them', TURN, ofTurn),
  'PUT /v1/conversations/{id}/turns/{turn}': doc('Adds a turn, or what is new of it', object(KEPT), {
    ...ofTurn,
    request: WRITE,
    failures: [...FAILURES, 408, 410, 413],
  }),
} as const satisfies Readonly<Record<string, RouteDoc>>;
