import type { IncomingMessage, ServerResponse } from 'node:http';
import { EngineError } from './engine-error.ts';
import { parseGoJson } from './go-json.ts';

/** Marks every answer of the simulation, so that nobody takes its figures for a machine's. */
export const SIMULATED_HEADER = 'x-chainctl-simulated';

const MAX_BODY_BYTES = 16 << 20;

export const JSON_TYPE = 'application/json; charset=utf-8';
/** What Ollama says of JSON where it might have become a stream. */
export const BARE_JSON_TYPE = 'application/json';

export function sendJson(outgoing: ServerResponse, status: number, body: unknown, type = JSON_TYPE): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const text = JSON.stringify(body);
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
export function sendNothing(outgoing: ServerResponse): void {
  outgoing.writeHead(200, { 'content-length': 0, [SIMULATED_HEADER]: '1' }).end();
}

/** Begins a stream of JSON lines; each call of the result writes one. */
export function startLines(outgoing: ServerResponse): (line: unknown) => void {
  outgoing.writeHead(200, { 'content-type': 'application/x-ndjson', [SIMULATED_HEADER]: '1' });
  return (line) => {
    if (!outgoing.destroyed) outgoing.write(`${JSON.stringify(line)}\n`);
  };
}

/** Reads a request's body as JSON of whatever type, with Ollama's errors for everything else. */
export async function readJson(incoming: IncomingMessage): Promise<unknown> {
  if (incoming.headers.expect !== undefined) incoming.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new EngineError(413, 'request body too large');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (isBlank(bytes)) throw new EngineError(400, 'missing request body');
  return parseGoJson(bytes);
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
