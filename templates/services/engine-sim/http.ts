import type { IncomingMessage, ServerResponse } from 'node:http';

/** Marks every answer of the simulation, so that nobody takes its figures for a machine's. */
export const SIMULATED_HEADER = 'x-chainctl-simulated';

const MAX_BODY_BYTES = 16 << 20;

/** An answer in Ollama's form, `{"error": "..."}`. */
export class EngineError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function sendJson(outgoing: ServerResponse, status: number, body: unknown): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    [SIMULATED_HEADER]: '1',
  });
  outgoing.end(text);
}

export function sendText(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    [SIMULATED_HEADER]: '1',
  });
  outgoing.end(text);
}

/** Begins a stream of JSON lines; each call of the result writes one. */
export function startLines(outgoing: ServerResponse): (line: unknown) => void {
  outgoing.writeHead(200, { 'content-type': 'application/x-ndjson', [SIMULATED_HEADER]: '1' });
  return (line) => {
    if (!outgoing.destroyed) outgoing.write(`${JSON.stringify(line)}\n`);
  };
}

/** Reads a request's body as a JSON object, with Ollama's errors for everything else. */
export async function readJson(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  if (incoming.headers.expect !== undefined) incoming.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new EngineError(413, 'request body too large');
    chunks.push(chunk);
  }
  if (size === 0) throw new EngineError(400, 'missing request body');
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new EngineError(400, error instanceof Error ? error.message : String(error));
  }
  throw new EngineError(400, 'json: cannot unmarshal value into an object');
}
