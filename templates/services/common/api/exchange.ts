import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from '../problem.ts';
import { errorBody, errorHeaders, type Family, familyOf } from './errors.ts';

export const REQUEST_ID_HEADER = 'x-request-id';
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** One request and its answer. */
export class Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Without the query. */
  readonly path: string;
  readonly family: Family;
  /** The caller's, where it is one that may go into headers and logs. */
  readonly requestId: string;
  /** Of every answer, streamed ones too. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    path: string,
    corsHeaders?: Readonly<Record<string, string>>,
  ) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.path = path;
    this.family = familyOf(path);
    const given = incoming.headers[REQUEST_ID_HEADER];
    this.requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    this.headers = { [REQUEST_ID_HEADER]: this.requestId, ...corsHeaders };
  }

  json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void {
    if (this.outgoing.destroyed || this.outgoing.headersSent) return;
    const text = JSON.stringify(body);
    this.outgoing.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...this.headers,
      ...headers,
    });
    this.outgoing.end(text);
  }

  empty(status: number, headers: Readonly<Record<string, string>>): void {
    this.outgoing.writeHead(status, { ...this.headers, ...headers });
    this.outgoing.end();
  }

  /** An answer other than 200, in the form that the clients of its path read. */
  fail(problem: Problem): void {
    // 499 is for the log; on the wire nobody is listening any more.
    this.json(problem.status, errorBody(this.family, problem), errorHeaders(problem));
  }
}
