/** What the head of an HTTP/1.1 response says about the bytes that follow it. */
export interface ResponseHead {
  readonly status: number;
  /** Bytes of the body; undefined when it is chunked or lasts until the connection ends. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  /** Whether the server lets another request follow on this connection. */
  readonly keepAlive: boolean;
  /** For how long the server promises to keep the idle connection, milliseconds. */
  readonly keepAliveMs: number | undefined;
  /** In lower case, without parameters; empty when it is not told. */
  readonly contentType: string;
  /** Where a redirect sends its caller. */
  readonly location: string | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const DIGITS = /^\d{1,15}$/;

/**
 * Reads a response head strictly (RFC 9112): what could be understood in two ways is refused, because a generator that
 * guesses where an answer ends counts the rest of it as the next one.
 *
 * @param text status line and header lines as Latin-1, without the empty line at the end
 * @returns the head, or what is wrong with it in words
 */
export function readHead(text: string): ResponseHead | string {
  const lines = text.split('\r\n');
  const started = STATUS_LINE.exec(lines[0] as string);
  if (started === null) return 'the answer does not begin with an HTTP/1 status line';
  let keepAlive = started[1] === '1';
  const status = Number(started[2]);
  let contentLength: number | undefined;
  let chunked = false;
  let keepAliveMs: number | undefined;
  let contentType = '';
  let location: string | undefined;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    if (colon <= 0 || !NAME.test(line.slice(0, colon)) || /[\r\n\0]/.test(line)) return 'a malformed header line';
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-length': {
        if (!DIGITS.test(value)) return 'a content-length that is no number';
        if (contentLength !== undefined && contentLength !== Number(value)) return 'two different content-lengths';
        contentLength = Number(value);
        break;
      }
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked') return 'a transfer-encoding other than chunked';
        chunked = true;
        break;
      case 'connection':
        for (const option of value.toLowerCase().split(',')) {
          if (option.trim() === 'close') keepAlive = false;
          else if (option.trim() === 'keep-alive' && started[1] === '0') keepAlive = true;
        }
        break;
      case 'keep-alive': {
        const seconds = /(?:^|[\s,;])timeout=(\d{1,9})/i.exec(value)?.[1];
        if (seconds !== undefined) keepAliveMs = Number(seconds) * 1000;
        break;
      }
      case 'content-type':
        contentType = (value.split(';', 1)[0] as string).trim().toLowerCase();
        break;
      case 'location':
        location = value;
        break;
    }
  }
  if (chunked && contentLength !== undefined) return 'both content-length and transfer-encoding';
  return { status, contentLength, chunked, keepAlive, keepAliveMs, contentType, location };
}
