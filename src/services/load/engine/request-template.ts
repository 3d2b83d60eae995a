import { randomBytes } from 'node:crypto';
import { writeMark } from '../../chain/prompt-mark.ts';
import { markedBody } from '../bodies.ts';
import type { PromptOptions } from '../prompt.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import type { RunOrder } from './protocol.ts';
import type { RequestSource } from './request-source.ts';

/** Digits of an id that tell a request from the others of its run. */
const HEX_WIDTH = 16;

const DIGIT_0 = 48;
const LETTER_A = 97;
const LETTER_F = 102;

/** What requests are made of. */
export type RequestSettings = Pick<RunOrder, 'url' | 'form' | 'headers' | 'timeoutMs'> & PromptOptions;

/**
 * Requests that are all the same but for parts of fixed width: the mark that begins the prompt and the trace's ids. All is
 * built once; a request is some 40 bytes written over those of the one before.
 */
export class RequestTemplate implements RequestSource {
  readonly #traceAt: number;
  readonly #marksAt: readonly number[];
  readonly #key: number;
  /** Marks the traces of this run; the rest of an id is the request's number. */
  readonly #trace = randomBytes(8).toString('hex');
  #bytes: Buffer;

  constructor({ url, form, timeoutMs, headers, ...prompt }: RequestSettings) {
    const target = new URL(url);
    const { bytes: body, marksAt, key } = markedBody(form, prompt);
    const own = { ...protocolNamed(form.api).headers({ stream: form.stream, timeoutMs }), ...headers };
    const head = Buffer.from(
      `POST ${target.pathname}${target.search} HTTP/1.1\r\nhost: ${target.host}\r\n` +
        Object.entries(own)
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join('') +
        `content-length: ${body.length}\r\ntraceparent: 00-${this.#trace}${'0'.repeat(16)}-${'0'.repeat(16)}-01\r\n\r\n`,
    );
    this.#traceAt = head.length - '0123456789abcdef-0123456789abcdef-01\r\n\r\n'.length;
    this.#marksAt = marksAt.map((at) => head.length + at);
    this.#key = key;
    this.#bytes = Buffer.concat([head, body]);
  }

  request(index: number): Buffer {
    const bytes = this.#bytes;
    const id = idOf(index);
    const marker = index < 0 ? LETTER_F : DIGIT_0;
    writeHex(bytes, this.#traceAt, id, marker);
    writeHex(bytes, this.#traceAt + HEX_WIDTH + 1, id, marker);
    for (const at of this.#marksAt) writeMark(bytes, at, this.#key, index);
    return bytes;
  }

  keep(): void {
    this.#bytes = Buffer.from(this.#bytes);
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
