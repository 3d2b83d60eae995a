import type { Exchange } from '../../common/api/exchange.ts';
import type { Route } from '../../common/api/router.ts';
import { type BodyLimits, parseJsonBody, readBody } from '../../common/body.ts';
import { Problem } from '../../common/problem.ts';
import { HistoryFault } from './database.ts';
import type { History } from './history.ts';
import { HISTORY_DOCS } from './route-docs.ts';
import type { HistoryStore } from './store.ts';
import {
  type Conversation,
  detailsOf,
  ID,
  MAX_DETAILS,
  STATES,
  type Turn,
  type TurnState,
  type TurnWrite,
} from './turn.ts';
import type { Visitors } from './visitors.ts';

export interface HistoryRoutesOptions {
  readonly history: History;
  readonly visitors: Visitors;
  readonly limits: BodyLimits;
  readonly warn: (line: string) => void;
}

type Handler = (store: HistoryStore) => Promise<unknown>;
/** `rest`: the turn's id, where the path has one. */
type Ask = (exchange: Exchange, query: URLSearchParams, id: string, rest: string) => Handler | Promise<Handler>;

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Everything below `/v1/conversations`. */
export function historyRoutes(options: HistoryRoutesOptions): readonly Route[] {
  const asks: Readonly<Record<keyof typeof HISTORY_DOCS, Ask>> = {
    'GET /v1/conversations': (_exchange, query) => list(query),
    'DELETE /v1/conversations': () => deleteAll,
    'GET /v1/conversations/{id}': (_exchange, _query, id) => get(id),
    'DELETE /v1/conversations/{id}': (_exchange, _query, id) => remove(id),
    'GET /v1/conversations/{id}/turns': (_exchange, query, id) => turns(id, query),
    'GET /v1/conversations/{id}/turns/{turn}': (_exchange, _query, id, turn) => getTurn(id, turn),
    'PUT /v1/conversations/{id}/turns/{turn}': async ({ incoming, outgoing }, _query, id, turn) =>
      put(id, turn, parseJsonBody(await readBody(incoming, outgoing, options.limits))),
  };
  return Object.entries(asks).map(([place, ask]): Route => {
    const [method, path] = place.split(' ') as [Route['method'], string];
    const doc = HISTORY_DOCS[place as keyof typeof HISTORY_DOCS];
    return {
      ...{ method, path, doc, sameOrigin: true },
      handle: (exchange, id = '', turn = '') => handle(options, exchange, ask, id, turn),
    };
  });
}

async function handle(
  { history, visitors, warn }: HistoryRoutesOptions,
  exchange: Exchange,
  ask: Ask,
  id: string,
  turn: string,
): Promise<void> {
  try {
    const { method, url = '', headers } = exchange.incoming;
    if (!history.on) {
      throw new Problem(404, 'history is not kept: it is turned off (HISTORY=off)', {}, { code: 'history_off' });
    }
    const refusal = visitors.refusal(headers);
    if (refusal !== undefined) throw refusal;
    if (id !== '') checkId('conversation', id);
    const query = new URLSearchParams(url.split('?')[1]);
    const handler = await ask(exchange, query, id, turn);
    const writes = method === 'PUT' || method === 'DELETE';
    const body = await history.use((store) => handler(store).catch(passOn), { writes });
    exchange.json(200, unwrap(body), HEADERS);
  } catch (error) {
    exchange.fail(problemOf(error, warn));
  }
}

/** A refusal is no fault of the database: it goes through `use` as a value. */
const passOn = (error: unknown) => {
  if (error instanceof Problem) return error;
  throw error;
};
const unwrap = (result: unknown) => {
  if (result instanceof Problem) throw result;
  return result;
};

function list(query: URLSearchParams): Handler {
  const limit = integer(query, 'limit', 50, 1, 200);
  const before = query.get('before');
  const [, time, id] = /^(\d{1,15})_([A-Za-z0-9_-]{8,64})$/.exec(before ?? '') ?? [];
  if (before !== null && id === undefined) throw refused('before', 'must be what `next` of the page before said');
  return async (store) => {
    const page = await store.list(limit, id === undefined ? undefined : { updatedAt: Number(time), id });
    const last = page.data.at(-1);
    return {
      object: 'list',
      data: page.data.map(conversationBody),
      has_more: page.hasMore,
      next: page.hasMore && last ? `${last.updatedAt}_${last.id}` : null,
    };
  };
}

const deleteAll: Handler = async (store) => ({ object: 'list.deleted', deleted: await store.deleteAll() });

function get(id: string): Handler {
  return async (store) => conversationBody((await store.get(id)) ?? unknown(id));
}

function getTurn(conversation: string, turn: string): Handler {
  checkId('turn', turn);
  return async (store) => {
    const found = await store.turn(conversation, turn);
    if (found === undefined) throw new Problem(404, `there is no turn ${turn} in conversation ${conversation}`);
    return turnBody(found);
  };
}

function remove(id: string): Handler {
  return async (store) =>
    (await store.delete(id)) ? { id, object: 'conversation.deleted', deleted: true } : unknown(id);
}

function turns(id: string, query: URLSearchParams): Handler {
  const limit = integer(query, 'limit', 100, 1, 1000);
  const after = integer(query, 'after', 0, 0, Number.MAX_SAFE_INTEGER);
  return async (store) => {
    const page = (await store.turns(id, limit, after)) ?? unknown(id);
    const next = page.hasMore ? (page.data.at(-1)?.position ?? null) : null;
    return { object: 'list', data: page.data.map(turnBody), has_more: page.hasMore, next };
  };
}

function put(conversation: string, turn: string, body: unknown): Handler {
  checkId('turn', turn);
  const write = validateTurn(body);
  return async (store) => {
    const written = await store.put(conversation, turn, write);
    if (written.refused === undefined) return { ...turnBody(written.turn), question: undefined, answer: undefined };
    throw REFUSALS[written.refused];
  };
}

const FULL = 'this conversation is larger than all may be together (HISTORY_MAX_MB): begin another one, or delete it';
const REFUSALS = {
  deleted: new Problem(410, 'the conversation was deleted', {}, { code: 'conversation_deleted' }),
  full: new Problem(413, FULL, {}, { code: 'conversation_full' }),
};

/** `{question, answer?, state?, model?, error?, chainctl?}`. */
export function validateTurn(body: unknown): TurnWrite {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Problem(400, 'body must be an object');
  const { question, answer, state, model, error, chainctl } = body as Record<string, unknown>;
  if (typeof question !== 'string' || question.trim() === '') throw refused('question', 'must be a string with text');
  if (!STATES.includes((state ?? 'pending') as TurnState))
    throw refused('state', `must be one of ${STATES.join(', ')}`);
  if (typeof (chainctl ?? {}) !== 'object' || Array.isArray(chainctl)) throw refused('chainctl', 'must be an object');
  const details = chainctl === undefined || chainctl === null ? null : detailsOf(chainctl);
  if (details !== null && details.length > MAX_DETAILS) throw refused('chainctl', 'is larger than 64 KiB');
  return {
    question,
    answer: text(answer, 'answer', Infinity) ?? '',
    state: (state ?? 'pending') as TurnState,
    model: text(model, 'model', 256),
    error: text(error, 'error', 2000),
    details,
  };
}

function text(value: unknown, name: string, most: number): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw refused(name, 'must be a string');
  if (value.length > most) throw refused(name, `is longer than ${most} characters`);
  return value;
}

function integer(query: URLSearchParams, name: string, fallback: number, min: number, max: number): number {
  const value = query.get(name);
  if (value === null) return fallback;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw refused(name, `must be a whole number from ${min} to ${max}`);
}

function checkId(name: string, id: string): void {
  if (!ID.test(id)) throw refused(name, 'ids are 8 to 64 of A-Z, a-z, 0-9, _ and -');
}

function refused(param: string, why: string): Problem {
  return new Problem(400, `${param}: ${why}`, {}, { param });
}

function unknown(id: string): never {
  throw new Problem(404, `there is no conversation ${id}`);
}

function problemOf(error: unknown, warn: (line: string) => void): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HistoryFault) {
    const headers = { 'retry-after': '5' };
    return new Problem(503, `history is not kept: ${error.message}`, headers, { code: 'history_unavailable' });
  }
  warn(`defect: ${error instanceof Error ? error.stack : String(error)}`);
  return new Problem(500, 'internal error');
}

function conversationBody({ id, title, createdAt, updatedAt, turns }: Conversation) {
  const times = { created_at: new Date(createdAt).toISOString(), updated_at: new Date(updatedAt).toISOString() };
  return { id, object: 'conversation', title, ...times, turns };
}

function turnBody({ details, createdAt, ...turn }: Turn) {
  return {
    ...turn,
    object: 'conversation.turn',
    created_at: new Date(createdAt).toISOString(),
    chainctl: details === null ? null : JSON.parse(details),
  };
}
