import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../common/body.ts';
import { Problem } from '../common/problem.ts';
import { EngineError } from './engine-error.ts';
import { parseGoJson } from './go-json.ts';

/** Marks every answer of the simulation, so that nobody takes its figures for a machine's. */
export const SIMULATED_HEADER = 'x-chainctl-simulated';

/** Ollama has neither limit; the server ends a request that takes longer to arrive. */
const LIMITS = { maxBytes: 16 << 20, timeoutMs: 3_600_000 };

export const JSON_TYPE = 'application/json; charset=utf-8';
/** What Ollama says of JSON where it might have become a stream. */
export const BARE_JSON_TYPE = 'application/json';

export function sendJson(outgoing: ServerResponse, status: number, body: unknown, type = JSON_TYPE): void {
  sendBody(outgoing, status, JSON.stringify(body), type);
}

/** An answer of known length; nothing where there is already one. */
export function sendBody(outgoing: ServerResponse, status: number, text: string, type: string): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  outgoing.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    [SIMULATED_HEADER]: '1',
  });
  outgoing.end(text);
}

export function sendText(
  outgoing: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  outgoing.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(text),
    [SIMULATED_HEADER]: '1',
    ...headers,
  });
  outgoing.end(text);
}

/** An answer without a body. */
export function sendNothing(outgoing: ServerResponse, status = 200): void {
  outgoing.writeHead(status, { 'content-length': 0, [SIMULATED_HEADER]: '1' }).end();
}

/** Begins a stream of JSON lines; each call of the result writes one. */
export function startLines(outgoing: ServerResponse): (line: unknown) => void {
  outgoing.writeHead(200, { 'content-type': 'application/x-ndjson', [SIMULATED_HEADER]: '1' });
  return (line) => {
    if (!outgoing.destroyed) outgoing.write(`${JSON.stringify(line)}\n`);
  };
}

const bodies = new WeakMap<IncomingMessage, Buffer>();

/** What `readJson` has read of a request; undefined where it has not. */
export function bodyOf(incoming: IncomingMessage): Buffer | undefined {
  return bodies.get(incoming);
}

/** Reads a request's body as JSON of whatever type, with Ollama's errors for everything else. @param nothing that of a body without any */
export async function readJson(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  nothing = 'missing request body',
): Promise<unknown> {
  const bytes = await readBody(incoming, outgoing, LIMITS).catch((error: unknown) => {
    throw error instanceof Problem && error.status === 413 ? new EngineError(413, 'request body too large') : error;
  });
  bodies.set(incoming, bytes);
  if (isBlank(bytes)) throw new EngineError(400, nothing);
  return parseGoJson(bytes);
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
