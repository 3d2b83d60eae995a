import { randomBytes } from 'node:crypto';
import { bodyMaker } from '../prompt.ts';

/** The same body, asking for a streamed answer. */
export function streamedBody(body: string): string {
  return `${body.slice(0, -1)},"stream":true}`;
}

/** Digits of a request's number in its prompt: as wide as any point needs, so that every body has one length. */
const WIDTH = 10;
const SENTINEL = '1'.repeat(WIDTH);
/** Digits of an id that tell a request from the others of its run. */
const HEX_WIDTH = 16;

const DIGIT_0 = 48;
const LETTER_A = 97;
const LETTER_F = 102;
const LETTER_W = 119;

export interface TemplateOptions {
  readonly target: URL;
  readonly prompt: string;
  readonly seed: number;
  readonly series: number;
  /** Ask for a streamed answer. */
  readonly stream: boolean;
  /** Bearer token. */
  readonly token?: string;
}

/**
 * Requests that are all the same but for parts of fixed width: the number in the prompt and the trace's ids. All is
 * built once; a request is some 40 bytes written over those of the one before.
 */
export class RequestTemplate {
  readonly #accept: string;
  readonly #authorization: readonly string[];
  readonly #traceAt: number;
  readonly #numberAt: number;
  readonly #bodyAt: number;
  /** Marks the traces of this run; the rest of an id is the request's number. */
  readonly #trace = randomBytes(8).toString('hex');
  #bytes: Buffer;

  constructor({ target, prompt, seed, series, stream, token }: TemplateOptions) {
    const whole = bodyMaker(prompt, seed, series)(Number(SENTINEL));
    const at = whole.indexOf(`-${SENTINEL}: `) + 1;
    const body = Buffer.from(stream ? streamedBody(whole) : whole);
    this.#accept = stream ? 'application/x-ndjson, text/event-stream, application/json' : 'application/json';
    this.#authorization = token === undefined ? [] : ['authorization', `Bearer ${token}`];
    const authorization = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
    const head = Buffer.from(
      `POST ${target.pathname}${target.search} HTTP/1.1\r\nhost: ${target.host}\r\n` +
        `content-type: application/json\r\naccept: ${this.#accept}\r\ncontent-length: ${body.length}\r\n${authorization}` +
        `traceparent: 00-${this.#trace}${'0'.repeat(16)}-${'0'.repeat(16)}-01\r\n\r\n`,
    );
    this.#bodyAt = head.length;
    this.#traceAt = head.length - '0123456789abcdef-0123456789abcdef-01\r\n\r\n'.length;
    this.#numberAt = head.length + Buffer.byteLength(whole.slice(0, at));
    this.#bytes = Buffer.concat([head, body]);
  }

  /**
   * The whole request. The bytes are those of the next one too: who has not written them when the next is made has to
   * {@link keep} them.
   */
  request(index: number): Buffer {
    const bytes = this.#bytes;
    const id = idOf(index);
    const marker = index < 0 ? LETTER_F : DIGIT_0;
    writeHex(bytes, this.#traceAt, id, marker);
    writeHex(bytes, this.#traceAt + HEX_WIDTH + 1, id, marker);
    let rest = Math.abs(index);
    for (let at = this.#numberAt + WIDTH - 1; at >= this.#numberAt; at--) {
      bytes[at] = DIGIT_0 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    // The prompts of the warm-up must not be those of the window.
    if (index < 0) bytes[this.#numberAt] = LETTER_W;
    return bytes;
  }

  /** Leaves the bytes that were handed out last to whoever has them. */
  keep(): void {
    this.#bytes = Buffer.from(this.#bytes);
  }

  /** Only the body, for a client that writes its own head; a copy. */
  body(index: number): Buffer {
    return Buffer.from(this.request(index).subarray(this.#bodyAt));
  }

  headers(index: number): string[] {
    const id = `${index < 0 ? 'f' : '0'}${idOf(index)
      .toString(16)
      .padStart(HEX_WIDTH - 1, '0')}`;
    const traceparent = `00-${this.#trace}${id}-${id}-01`;
    return [
      ...['content-type', 'application/json', 'accept', this.#accept, 'traceparent', traceparent],
      ...this.#authorization,
    ];
  }
}

/** Never zero, as W3C Trace Context asks of both ids. */
function idOf(index: number): number {
  return index < 0 ? -index : index + 1;
}

function writeHex(bytes: Buffer, from: number, value: number, marker: number): void {
  let rest = value;
  for (let at = from + HEX_WIDTH - 1; at > from; at--) {
    const digit = rest % 16;
    bytes[at] = digit < 10 ? DIGIT_0 + digit : LETTER_A - 10 + digit;
    rest = (rest - digit) / 16;
  }
  bytes[from] = marker;
}
