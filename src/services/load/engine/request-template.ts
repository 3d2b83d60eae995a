import { randomBytes } from 'node:crypto';
import { writeMark } from '../../chain/prompt-mark.ts';
import type { ProxyServer } from '../../dial/proxy.ts';
import { socketOf } from '../../dial/unix-target.ts';
import { USER_AGENT } from '../../user-agent.ts';
import { markedBody } from '../bodies.ts';
import type { PromptOptions } from '../prompt.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import type { RunOrder } from './protocol.ts';
import type { RequestSource } from './request-source.ts';
import { isSampled } from './sampled.ts';

/** Digits of an id that tell a request from the others of its run. */
const HEX_WIDTH = 16;

/** The last digit of the trace's flags, from the digits of its id that tell a request. */
const FLAG_AT = 2 * HEX_WIDTH + 3;

const DIGIT_0 = 48;
const DIGIT_1 = 49;
const LETTER_A = 97;
const LETTER_F = 102;

/** What requests are made of. */
export type RequestSettings = Pick<RunOrder, 'url' | 'form' | 'headers' | 'timeoutMs' | 'proxy' | 'rate'> &
  PromptOptions;

/**
 * Requests that are all the same but for parts of fixed width: the mark that begins the prompt and the trace's ids. All is
 * built once; a request is some 40 bytes written over those of the one before.
 */
export class RequestTemplate implements RequestSource {
  readonly #traceAt: number;
  readonly #marksAt: readonly number[];
  readonly #key: number;
  readonly #rate: number;
  /** Marks the traces of this run; the rest of an id is the request's number. */
  readonly #trace = randomBytes(8).toString('hex');
  #bytes: Buffer;

  constructor({ url, form, timeoutMs, headers, proxy, rate, ...prompt }: RequestSettings) {
    const { bytes: body, marksAt, key } = markedBody(form, prompt);
    const own = { ...protocolNamed(form.api).headers({ stream: form.stream, timeoutMs }), ...headers };
    const head = Buffer.from(
      `${headOf(new URL(url), proxy, own)}content-length: ${body.length}\r\n` +
        `traceparent: 00-${this.#trace}${'0'.repeat(16)}-${'0'.repeat(16)}-00\r\n\r\n`,
    );
    this.#rate = rate;
    this.#traceAt = head.length - '0123456789abcdef-0123456789abcdef-00\r\n\r\n'.length;
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
    bytes[this.#traceAt + FLAG_AT] = isSampled(index, this.#rate) ? DIGIT_1 : DIGIT_0;
    for (const at of this.#marksAt) writeMark(bytes, at, this.#key, index);
    return bytes;
  }

  keep(): void {
    this.#bytes = Buffer.from(this.#bytes);
  }
}

/** Request line and headers that are the same for every request. What is given goes before what is usual. */
function headOf(target: URL, proxy: ProxyServer | undefined, given: Readonly<Record<string, string>>): string {
  // A proxy is told the whole address, but for what goes through a tunnel.
  const asked = target.protocol === 'http:' ? proxy : undefined;
  const path = `${asked === undefined ? '' : target.origin}${target.pathname}${target.search}`;
  const usual = {
    'user-agent': USER_AGENT,
    // What is compressed comes in pieces of the compressor's choosing, and the work is no part of the measurement.
    'accept-encoding': 'identity',
    ...(asked?.authorization === undefined ? {} : { 'proxy-authorization': asked.authorization }),
  };
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  const headers = [...Object.entries(usual).filter(([name]) => !names.has(name)), ...Object.entries(given)];
  const host = socketOf(target) === undefined ? target.host : 'localhost';
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines}`;
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
