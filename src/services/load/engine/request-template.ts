import { randomBytes } from 'node:crypto';
import { bodyMaker } from '../prompt.ts';

/** Digits of a request's number in its prompt: as wide as any point needs, so that every body has one length. */
const WIDTH = 10;
const SENTINEL = '1'.repeat(WIDTH);

export interface TemplateOptions {
  readonly target: URL;
  readonly prompt: string;
  readonly seed: number;
  readonly series: number;
  /** Ask for a streamed answer. */
  readonly stream: boolean;
}

/**
 * Requests that are all the same but for a part of fixed width: the number in the prompt and the trace's ids. All is
 * built once; a request is a handful of strings put together.
 */
export class RequestTemplate {
  readonly #accept: string;
  readonly #bodyHead: string;
  readonly #bodyTail: string;
  readonly #requestHead: string;
  readonly #requestMiddle: string;
  /** Marks the traces of this run; the rest of an id is the request's number. */
  readonly #trace = randomBytes(8).toString('hex');

  constructor({ target, prompt, seed, series, stream }: TemplateOptions) {
    const whole = bodyMaker(prompt, seed, series)(Number(SENTINEL));
    const at = whole.indexOf(`-${SENTINEL}: `) + 1;
    this.#bodyHead = latin1(whole.slice(0, at));
    const tail = whole.slice(at + WIDTH);
    this.#bodyTail = latin1(stream ? `${tail.slice(0, -1)},"stream":true}` : tail);
    this.#accept = stream ? 'application/x-ndjson, text/event-stream, application/json' : 'application/json';
    const length = this.#bodyHead.length + WIDTH + this.#bodyTail.length;
    this.#requestHead =
      `POST ${target.pathname}${target.search} HTTP/1.1\r\nhost: ${target.host}\r\n` +
      `content-type: application/json\r\naccept: ${this.#accept}\r\ncontent-length: ${length}\r\n` +
      `traceparent: 00-${this.#trace}`;
    this.#requestMiddle = `-01\r\n\r\n${this.#bodyHead}`;
  }

  /** The whole request, each byte one character: a socket writes such a string without a buffer of its own. */
  readonly request = (index: number): string => {
    const id = hex(index);
    return `${this.#requestHead}${id}-${id}${this.#requestMiddle}${digits(index)}${this.#bodyTail}`;
  };

  /** Only the body, for a client that writes its own head. */
  readonly body = (index: number): Buffer =>
    Buffer.from(`${this.#bodyHead}${digits(index)}${this.#bodyTail}`, 'latin1');

  readonly headers = (index: number): string[] => {
    const id = hex(index);
    const traceparent = `00-${this.#trace}${id}-${id}-01`;
    return ['content-type', 'application/json', 'accept', this.#accept, 'traceparent', traceparent];
  };
}

/** The bytes of the text in UTF-8, one character each. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** `w` marks the warm-up, whose prompts must not be those of the window. */
function digits(index: number): string {
  return index < 0 ? `w${String(-index).padStart(WIDTH - 1, '0')}` : String(index).padStart(WIDTH, '0');
}

/** 16 digits, never all zero, as W3C Trace Context asks of both ids. */
function hex(index: number): string {
  return index < 0 ? `f${(-index).toString(16).padStart(15, '0')}` : (index + 1).toString(16).padStart(16, '0');
}
