import type { IncomingMessage, ServerResponse } from 'node:http';
import { plainText } from './engine-error.ts';
import { clientGone, Problem } from './problem.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** How long the whole body may take to arrive, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Reads a request's body. 415 where it is compressed. 413 before a byte is read when `Content-Length` already says too much, 413 at the limit
 * when it does not say, 408 when the client is too slow. After a 413 the HTTP server discards what is still on its way,
 * within bounds, and keeps the connection: closing it at once would often destroy the answer before it is read. A
 * client that is too slow is not waited for again.
 */
export function readBody(incoming: IncomingMessage, outgoing: ServerResponse, limits: BodyLimits): Promise<Buffer> {
  const encoding = incoming.headers['content-encoding'] ?? 'identity';
  if (!/^\s*(identity\s*)?$/i.test(encoding)) return Promise.reject(compressed(encoding));
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > limits.maxBytes) return Promise.reject(tooLarge(limits.maxBytes));
  // Asked for only now, so that a refused or oversized request never sends its body.
  if (incoming.headers.expect !== undefined && incoming.httpVersion !== '1.0') outgoing.writeContinue();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void) => {
      clearTimeout(timer);
      incoming.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      act();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.maxBytes) settle(() => reject(tooLarge(limits.maxBytes)));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const onGone = () => settle(() => reject(clientGone()));
    const timer = setTimeout(() => settle(() => reject(tooSlow(limits.timeoutMs))), limits.timeoutMs);
    incoming.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/** Decodes and parses a body; 400 on invalid UTF-8 and on malformed JSON. */
export function parseJsonBody(body: Buffer): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch (error) {
    throw new Problem(400, error instanceof SyntaxError ? 'body is not valid JSON' : 'body is not valid UTF-8');
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function compressed(encoding: string): Problem {
  const detail = `content-encoding ${plainText(encoding)} is not supported: send the body as it is`;
  return new Problem(415, detail, { 'accept-encoding': 'identity' });
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(413, `body is larger than ${maxBytes} bytes`);
}

function tooSlow(timeoutMs: number): Problem {
  return new Problem(408, `body did not arrive within ${timeoutMs / 1000} s`, { connection: 'close' });
}
