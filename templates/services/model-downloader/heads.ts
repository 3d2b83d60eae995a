import type { IncomingHttpHeaders } from 'node:http';

type Heads = readonly IncomingHttpHeaders[];

/**
 * The SHA-256 that answers on the way to a file tell of it, the first one first: `x-linked-etag`, as Hugging Face sends
 * it, else an `etag` with 64 hexadecimal digits. A weak etag is none: it may stand for other bytes. Pure.
 */
export function toldSha256(heads: Heads): string | undefined {
  const of = (name: 'x-linked-etag' | 'etag') =>
    heads.flatMap((head) => /^"?([0-9a-f]{64})"?$/i.exec(String(head[name] ?? ''))?.[1]?.toLowerCase() ?? [])[0];
  return of('x-linked-etag') ?? of('etag');
}

/** A date is as good as a strong etag once it is this much older than the answer. */
const STRONG_AFTER_MS = 60_000;

/** What a later request can tell this version of the file by (RFC 9110, 13.1.5); undefined where it has nothing strong. Pure. */
export function validatorOf({ etag, date, 'last-modified': modified }: IncomingHttpHeaders): string | undefined {
  if (etag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag)) return etag;
  const age = Date.parse(date ?? '') - Date.parse(modified ?? '');
  return age >= STRONG_AFTER_MS ? modified : undefined;
}

/** `bytes 5-9/10`, or `bytes *\/10`; `*` is undefined. Pure. */
export function contentRange({ 'content-range': text = '' }: IncomingHttpHeaders) {
  const [, first, total] = /^bytes (?:(\d{1,15})-\d{1,15}|\*)\/(\d{1,15}|\*)$/.exec(text) ?? [];
  return { first: whole(first), total: whole(total) };
}

export function contentLength({ 'content-length': text }: IncomingHttpHeaders): number | undefined {
  return whole(text);
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
