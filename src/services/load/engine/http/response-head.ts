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
  /** How the body is compressed, in lower case; empty when it is not. */
  readonly contentEncoding: string;
  /** Where a redirect sends its caller. */
  readonly location: string | undefined;
  /** When a refusal wants to be asked again: seconds, or a date. */
  readonly retryAfter: string | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const DIGITS = /^\d{1,15}$/;

/**
 * Reads a response head strictly (RFC 9112): what could be understood in two ways is refused, because a generator that
 * guesses where an answer ends counts the rest of it as the next one. Lines may end in a bare LF, and a value may go on
 * in the next line, as that RFC lets a recipient understand them.
 *
 * @param text status line and header lines as Latin-1, without the empty line at the end
 * @returns the head, or what is wrong with it in words
 */
export function readHead(text: string): ResponseHead | string {
  const lines = unfolded(text.split(/\r?\n/));
  if (lines === undefined) return 'a malformed header line';
  const started = STATUS_LINE.exec(lines[0] as string);
  if (started === null) return notHttp(text);
  let keepAlive = started[1] === '1';
  const status = Number(started[2]);
  let contentLength: number | undefined;
  let chunked = false;
  let keepAliveMs: number | undefined;
  let contentType = '';
  const codings: string[] = [];
  let location: string | undefined;
  let retryAfter: string | undefined;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    if (colon <= 0 || !NAME.test(line.slice(0, colon)) || /[\r\0]/.test(line)) return 'a malformed header line';
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-length': {
        // A proxy that joined equal lines made a list of them.
        for (const length of value.split(',').map((each) => each.trim())) {
          if (!DIGITS.test(length)) return 'a content-length that is no number';
          if (contentLength !== undefined && contentLength !== Number(length)) return 'two different content-lengths';
          contentLength = Number(length);
        }
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
        contentType = (value.split(/[;,]/, 1)[0] as string).trim().toLowerCase();
        break;
      case 'content-encoding':
        for (const each of value.toLowerCase().split(',')) {
          const coding = each.trim();
          if (coding !== '' && coding !== 'identity') codings.push(coding);
        }
        break;
      case 'location':
        location = value;
        break;
      case 'retry-after':
        retryAfter = value;
        break;
    }
  }
  if (chunked && contentLength !== undefined) return 'both content-length and transfer-encoding';
  // HTTP/1.0 has no chunks: who sends them all the same may have a proxy between that does not know where they end.
  if (chunked && started[1] === '0') keepAlive = false;
  const contentEncoding = codings.join(', ');
  return { status, contentLength, chunked, keepAlive, keepAliveMs, contentType, contentEncoding, location, retryAfter };
}

/** Lines that begin with white space go on with the one before (RFC 9112, 5.2); undefined where that is the first. */
function unfolded(lines: string[]): string[] | undefined {
  if (!lines.some((line) => line.startsWith(' ') || line.startsWith('\t'))) return lines;
  const joined: string[] = [];
  for (const line of lines) {
    if (!/^[ \t]/.test(line)) joined.push(line);
    // Before the first header it could pass for another status line.
    else if (joined.length < 2) return undefined;
    else joined.push(`${joined.pop()} ${line.trim()}`);
  }
  return joined;
}

export const HTTP2_ONLY = 'the server speaks HTTP/2 only, and requests are HTTP/1.1';

/** What bytes are that begin no HTTP/1 answer, in words. */
export function notHttp(text: string): string {
  // Its first frame: a length below 2^16, SETTINGS, flags, stream 0.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the frame is made of
  if (/^\0[\s\S]{2}\x04[\0\x01]\0{4}/.test(text)) return HTTP2_ONLY;
  // An alert or a handshake of TLS.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the record is made of
  if (/^[\x15\x16]\x03[\0-\x04]/.test(text)) return 'the server speaks TLS: its address begins with https://';
  return 'the answer does not begin with an HTTP/1 status line';
}
