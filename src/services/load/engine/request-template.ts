import { randomBytes } from 'node:crypto';
import { writeMark } from '../../chain/prompt-mark.ts';
import { defined } from '../../defined.ts';
import type { ProxyServer } from '../../dial/proxy.ts';
import { socketOf } from '../../dial/unix-target.ts';
import { USER_AGENT } from '../../user-agent.ts';
import { type Bodies, type BodySettings, bodiesOf, type MarkedBody } from '../bodies.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import type { TurnSoFar } from '../workload/ask-writer.ts';
import type { LoadedData } from '../workload/loaded.ts';
import type { RunOrder } from './protocol.ts';
import type { RequestSource } from './request-source.ts';
import { isSampled, traceEvery } from './sampled.ts';

/** Digits of an id that tell a request from the others of its run. */
const HEX_WIDTH = 16;

/** The last digit of the trace's flags, from the digits of its id that tell a request. */
const FLAG_AT = 2 * HEX_WIDTH + 3;

const DIGIT_0 = 48;
const DIGIT_1 = 49;
const LETTER_A = 97;
const LETTER_F = 102;

/** What requests are made of. */
export type RequestSettings = Pick<RunOrder, 'url' | 'headers' | 'timeoutMs' | 'proxy' | 'rate' | 'concurrency'> &
  BodySettings;

/**
 * Writes whole requests. Where all ask the same but for parts of fixed width (the mark that begins the prompt and the
 * trace's ids), they are built once, and a request is some 40 bytes written over those of the one before.
 */
export class RequestTemplate implements RequestSource {
  readonly #head: Buffer;
  readonly #traceAt: number;
  readonly #body: Exclude<Bodies, { marked: MarkedBody }>['of'] | undefined;
  readonly #marked: MarkedBody | undefined;
  readonly #traceEvery: number;
  /** Marks the traces of this run; the rest of an id is the request's number. */
  readonly #trace = randomBytes(8).toString('hex');
  #bytes: Buffer;

  /** @param data what the workload refers to */
  constructor({ url, headers, proxy, rate, concurrency, ...settings }: RequestSettings, data?: LoadedData) {
    const { form, timeoutMs } = settings;
    const own = { ...protocolNamed(form.api).headers({ stream: form.stream, timeoutMs }), ...headers };
    // The length of the body comes last: it is another for each where bodies differ.
    this.#head = Buffer.from(
      `${headOf(new URL(url), proxy, own)}` +
        `traceparent: 00-${this.#trace}${'0'.repeat(16)}-${'0'.repeat(16)}-00\r\ncontent-length: `,
    );
    this.#traceEvery = traceEvery(defined({ rate, concurrency }));
    this.#traceAt = this.#head.length - '0123456789abcdef-0123456789abcdef-00\r\ncontent-length: '.length;
    const bodies = bodiesOf(settings, data);
    this.#marked = 'marked' in bodies ? bodies.marked : undefined;
    this.#body = 'of' in bodies ? bodies.of : undefined;
    this.#bytes = this.#marked === undefined ? this.#head : this.#whole(this.#marked.bytes);
  }

  request(index: number, so?: TurnSoFar): Buffer {
    if (this.#body !== undefined) this.#bytes = this.#whole(this.#body(index, so));
    const bytes = this.#bytes;
    const id = idOf(index);
    const marker = index < 0 ? LETTER_F : DIGIT_0;
    writeHex(bytes, this.#traceAt, id, marker);
    writeHex(bytes, this.#traceAt + HEX_WIDTH + 1, id, marker);
    bytes[this.#traceAt + FLAG_AT] = isSampled(index, this.#traceEvery) ? DIGIT_1 : DIGIT_0;
    if (this.#marked === undefined) return bytes;
    const { marksAt, key, bytes: body } = this.#marked;
    const bodyAt = bytes.length - body.length;
    for (const at of marksAt) writeMark(bytes, bodyAt + at, key, index);
    return bytes;
  }

  keep(): void {
    if (this.#marked !== undefined) this.#bytes = Buffer.from(this.#bytes);
  }

  #whole(body: string | Buffer): Buffer {
    const length = Buffer.byteLength(body);
    const end = `${length}\r\n\r\n`;
    const bytes = Buffer.allocUnsafe(this.#head.length + end.length + length);
    this.#head.copy(bytes);
    bytes.write(end, this.#head.length, 'latin1');
    const at = this.#head.length + end.length;
    if (typeof body === 'string') bytes.write(body, at);
    else body.copy(bytes, at);
    return bytes;
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
