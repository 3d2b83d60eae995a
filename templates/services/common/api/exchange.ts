import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from '../problem.ts';
import { errorBody, errorHeaders, type Family, familyOf } from './errors.ts';
import { ReaderWatch } from './reader-watch.ts';

export const REQUEST_ID_HEADER = 'x-request-id';
/** W3C Trace Context, of its version and of later ones. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}(-[\x21-\x7e]{1,200})?$/;
const MOST_TRACESTATE = 2048;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Answers above this are given up where nobody takes them, in characters. */
const WATCHED = 64 << 10;

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
    this.requestId = requestIdOf(incoming);
    this.headers = { [REQUEST_ID_HEADER]: this.requestId, ...corsHeaders };
  }

  /** The headers that go with what is asked of others on behalf of this request. */
  get passedOn(): Readonly<Record<string, string>> {
    const { traceparent, tracestate } = this.incoming.headers;
    const isTraced = typeof traceparent === 'string' && TRACEPARENT.test(traceparent);
    const hasState = isTraced && typeof tracestate === 'string' && tracestate.length <= MOST_TRACESTATE;
    return {
      [REQUEST_ID_HEADER]: this.requestId,
      ...(isTraced && { traceparent }),
      ...(hasState && { tracestate }),
    };
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
    // What is small is in the kernel's hands already.
    if (text.length > WATCHED) new ReaderWatch(this.outgoing);
  }

  empty(status: number, headers: Readonly<Record<string, string>>): void {
    this.outgoing.writeHead(status, { ...this.headers, ...headers });
    this.outgoing.end();
  }

  /** An answer other than 200, in the form that the clients of its path read. */
  fail(problem: Problem, family: Family = this.family): void {
    // 499 is for the log; on the wire nobody is listening any more.
    this.json(problem.status, errorBody(family, problem), errorHeaders(problem));
  }
}

/** The request's own id, where it may go into headers and logs; else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID_HEADER];
  const id = typeof given === 'string' ? given : randomUUID();
  // A new one is put together from twenty texts, which an open stream would keep; a test makes it one.
  return REQUEST_ID.test(id) ? id : randomUUID();
}
