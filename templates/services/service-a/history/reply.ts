import type { IncomingMessage, ServerResponse } from 'node:http';
import { Exchange } from '../../common/api/exchange.ts';
import type { Problem } from '../../common/problem.ts';

/** Answers as the other routes do, with a request id. */
export function fail(incoming: IncomingMessage, outgoing: ServerResponse, problem: Problem): void {
  exchangeOf(incoming, outgoing).fail(problem);
}

export function exchangeOf(incoming: IncomingMessage, outgoing: ServerResponse): Exchange {
  return new Exchange(incoming, outgoing, (incoming.url ?? '').split('?', 1)[0] as string);
}
