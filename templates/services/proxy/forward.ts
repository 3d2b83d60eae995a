import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createProxyServer } from 'http-proxy-3';
import { describeNetworkError, neverSent } from '../common/connections.ts';
import type { Backend } from './backend.ts';

/** How an attempt on one backend ended. With `retry`, nothing of it has reached the backend's work or the caller. */
export type Outcome = { readonly done: true } | { readonly retry: string } | { readonly failed: string };

const CONNECT_TIMEOUT_MS = 2000;

/** RFC 9110 7.6.1: these describe one connection and go no further. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/**
 * The library makes the outgoing request, its headers and its end when the caller goes. The answer is passed on here:
 * the library's own way leaves the caller waiting for ever when a backend breaks off, and cannot try another backend.
 */
const relay = createProxyServer({ xfwd: true, selfHandleResponse: true, connectTimeout: CONNECT_TIMEOUT_MS });
const answers = new WeakMap<ServerResponse, (answer: IncomingMessage) => void>();
relay.on('proxyRes', (answer, _incoming, outgoing) => answers.get(outgoing as ServerResponse)?.(answer));

/** Sends one request to one backend and its answer to the caller. Resolves when the attempt is over; never rejects. */
export function forward(
  backend: Backend,
  incoming: IncomingMessage,
  body: Buffer | undefined,
  outgoing: ServerResponse,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let over = false;
    const finish = (outcome: Outcome) => {
      if (over) return;
      over = true;
      backend.inFlight--;
      outgoing.off('close', onCallerGone);
      answers.delete(outgoing);
      resolve(outcome);
    };
    const onCallerGone = () => finish({ done: true });
    const onError = (error: Error) => {
      if (over) return;
      backend.failed++;
      const reason = describeNetworkError(error);
      finish(neverSent(error) ? { retry: reason } : { failed: reason });
    };
    backend.inFlight++;
    outgoing.once('close', onCallerGone);
    answers.set(outgoing, (answer) => {
      if (over) return;
      // An instance that shuts down says that it has not begun: another one can.
      if (answer.statusCode === 503 && answer.headers['x-chainctl-refused'] === 'draining') {
        answer.resume().once('close', () => finish({ retry: 'draining' }));
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, responseHeaders(answer, backend.name));
      outgoing.off('close', onCallerGone);
      // Half an answer is ended by a broken connection: only that tells the caller so.
      pipeline(answer, outgoing, (error) => {
        if (error) backend.failed++;
        else backend.served++;
        finish({ done: true });
      });
    });
    prepareRequest(incoming, body);
    const options = { target: backend.url, agent: backend.agent, buffer: Readable.from(body ? [body] : []) };
    relay.web(incoming, outgoing, options, onError);
  });
}

/** The body was read whole, however it came, and `expect` was answered here. */
function prepareRequest({ headers }: IncomingMessage, body: Buffer | undefined): void {
  for (const name of [...HOP_BY_HOP, 'transfer-encoding', 'expect', 'content-length']) delete headers[name];
  if (body !== undefined) headers['content-length'] = String(body.length);
}

function responseHeaders(answer: IncomingMessage, backend: string): Record<string, string | string[]> {
  const named = (answer.headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const skipped = new Set([...HOP_BY_HOP, 'transfer-encoding', ...named]);
  const passed = Object.entries(answer.headers).filter(([name, value]) => value !== undefined && !skipped.has(name));
  return { ...(Object.fromEntries(passed) as Record<string, string | string[]>), 'x-chainctl-backend': backend };
}
