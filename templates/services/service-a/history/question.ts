import type { IncomingMessage } from 'node:http';

/**
 * Looks on while a chat's body is read by whoever answers it, and finds its question: the last message of the user. Read
 * anew and not asked for, so that a chat needs to know nothing of history.
 */
export function watchQuestion(incoming: IncomingMessage, maxBytes: number): () => string {
  let chunks: Buffer[] = [];
  let size = 0;
  let question = '';
  const { emit } = incoming;
  incoming.emit = function (this: IncomingMessage, name: string | symbol, ...args: unknown[]) {
    const [chunk] = args;
    if (name === 'data' && chunk instanceof Buffer && size <= maxBytes) {
      size += chunk.length;
      chunks.push(chunk);
    }
    if (name === 'end' && size <= maxBytes) question = questionOf(Buffer.concat(chunks).toString());
    if (name === 'end' || size > maxBytes) chunks = [];
    return emit.call(this, name as string, ...args);
  } as typeof emit;
  return () => question;
}

/** @param body of a chat in OpenAI's form. @returns an empty text where there is none */
export function questionOf(body: string): string {
  let messages: unknown;
  try {
    ({ messages } = JSON.parse(body) ?? {});
  } catch {}
  if (!Array.isArray(messages)) return '';
  const content = messages.findLast((each) => each?.role === 'user')?.content;
  if (typeof content === 'string') return content;
  const parts: unknown[] = Array.isArray(content) ? content.map((part) => part?.text) : [];
  return parts.filter((part) => typeof part === 'string').join('\n');
}
