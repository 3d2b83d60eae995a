import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from '../../common/problem.ts';

export function json(
  { headers }: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  body: unknown,
  more: Readonly<Record<string, string>> = {},
): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const id = headers['x-request-id'];
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': typeof id === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : randomUUID(),
    ...more,
  });
  outgoing.end(text);
}

const CODES: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'request_too_large',
  500: 'internal_error',
};

/** In the form of the other routes below `/v1`. */
export function fail(incoming: IncomingMessage, outgoing: ServerResponse, problem: Problem): void {
  const { status, message, param, code } = problem;
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  const error = { message, type, param: param ?? null, code: code ?? CODES[status] ?? null };
  json(incoming, outgoing, status, { error, detail: message }, problem.headers);
}
