import type { IncomingMessage, ServerResponse } from 'node:http';
import { Exchange } from '../../common/api/exchange.ts';
import type { Problem } from '../../common/problem.ts';

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Answers as the other routes do, with a request id. No header for pages of other origins: history is this one's only. */
export function json(incoming: IncomingMessage, outgoing: ServerResponse, status: number, body: unknown): void {
  exchangeOf(incoming, outgoing).json(status, body, HEADERS);
}

export function fail(incoming: IncomingMessage, outgoing: ServerResponse, problem: Problem): void {
  exchangeOf(incoming, outgoing).fail(problem);
}

export function exchangeOf(incoming: IncomingMessage, outgoing: ServerResponse): Exchange {
  return new Exchange(incoming, outgoing, (incoming.url ?? '').split('?', 1)[0] as string);
}
