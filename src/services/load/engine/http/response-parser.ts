import { notHttp, type ResponseHead, readHead } from './response-head.ts';

/** Status line and headers together; what Node and undici allow too. */
const MAX_HEAD_BYTES = 16 * 1024;
/** A chunk's size line, extensions included. */
const MAX_SIZE_LINE_BYTES = 1024;
/** `100 Continue` and its like before the answer; more of them is a server that never answers. */
const MAX_INTERIM = 16;

const CR = 13;
const LF = 10;

/** The empty line behind the last header; a line may end in a bare LF (RFC 9112, 2.2). */
const END_OF_HEAD = /\n\r?\n/g;
const END_LINES = /\r?\n\r?\n$/;

type State =
  | 'head'
  | 'counted'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailer'
  | 'done'
  | 'failed';

/** Gets the bytes of a body as they come. They are only valid during the call: the buffer is read into again. */
export type BodySink = (bytes: Buffer, from: number, to: number) => void;

/** The last head that was understood: servers send the same one again and again, and reading it is the dear part. */
export interface HeadCache {
  /** With the empty line that ends it. */
  text: string;
  head: ResponseHead | undefined;
}

/**
 * Takes one HTTP/1.1 response from a stream of bytes that may be cut anywhere. A pure state machine: it does no input or
 * output, keeps no body, and never reads beyond the end of its response.
 */
export class ResponseParser {
  /** The final head once it is complete. */
  head: ResponseHead | undefined;
  /** What is wrong with the response, in words; empty while nothing is. */
  problem = '';
  readonly #sink: BodySink;
  readonly #cache: HeadCache;
  #state: State = 'head';
  /** Bytes of a head, a size line or a trailer that were cut by the end of a read. */
  #held = '';
  #left = 0;
  #interim = 0;

  constructor(sink: BodySink, cache: HeadCache = { text: '', head: undefined }) {
    this.#sink = sink;
    this.#cache = cache;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  get failed(): boolean {
    return this.#state === 'failed';
  }

  /** Whether nothing of a response has come yet. */
  get untouched(): boolean {
    return this.#state === 'head' && this.#held === '' && this.#interim === 0;
  }

  /** Makes it ready for the next response on the same connection. */
  reset(): void {
    this.#state = 'head';
    this.head = undefined;
    this.#held = '';
    this.#left = 0;
    this.#interim = 0;
    this.problem = '';
  }

  /**
   * Takes `bytes[from, to)`.
   *
   * @returns where it stopped: `to`, or less when the response ended before (what follows belongs to nobody) or failed
   */
  feed(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case 'head':
          at = this.#takeHead(bytes, at, to);
          break;
        case 'counted':
        case 'chunk-data': {
          const end = Math.min(to, at + this.#left);
          this.#left -= end - at;
          this.#sink(bytes, at, end);
          at = end;
          if (this.#left === 0) this.#state = this.#state === 'counted' ? 'done' : 'chunk-end';
          break;
        }
        case 'until-close':
          this.#sink(bytes, at, to);
          at = to;
          break;
        case 'chunk-size':
        case 'chunk-end': {
          const next = this.#held === '' ? this.#takePlainSize(bytes, at, to) : 0;
          at = next > 0 ? next : this.#takeLine(bytes, at, to);
          break;
        }
        case 'trailer':
          at = this.#takeLine(bytes, at, to);
          break;
        default:
          return at;
      }
    }
    return at;
  }

  /** The server has ended the connection: the end of a body without a length, too early for everything else. */
  end(): void {
    if (this.#state === 'until-close') this.#state = 'done';
    else if (this.#state !== 'done' && this.#state !== 'failed') this.#fail('the connection ended before the answer');
  }

  #takeHead(bytes: Buffer, from: number, to: number): number {
    const before = this.#held.length;
    let text: string;
    let next: number;
    if (before === 0 && this.#isCached(bytes, from, to)) {
      text = this.#cache.text;
      next = from + text.length;
    } else if (before === 0) {
      next = endOfHead(bytes, from, to);
      if (next < 0) return this.#hold(bytes, from, to);
      text = bytes.toString('latin1', from, next);
    } else {
      const joined = this.#held + bytes.toString('latin1', from, Math.min(to, from + MAX_HEAD_BYTES));
      END_OF_HEAD.lastIndex = Math.max(0, before - 2);
      if (!END_OF_HEAD.test(joined)) return this.#hold(bytes, from, to);
      text = joined.slice(0, END_OF_HEAD.lastIndex);
      next = from + text.length - before;
      this.#held = '';
    }
    if (text.length > MAX_HEAD_BYTES) return this.#fail(`a head of more than ${MAX_HEAD_BYTES} bytes`, from);
    const head = this.#read(text);
    if (typeof head === 'string') return this.#fail(head, from);
    if (head.status < 200) {
      if (head.status === 101) return this.#fail('a change of protocol that nobody asked for', from);
      if (++this.#interim > MAX_INTERIM) return this.#fail('interim answers without end', from);
      return next;
    }
    this.head = head;
    this.#left = head.contentLength ?? 0;
    if (head.status === 204 || head.status === 304 || head.contentLength === 0) this.#state = 'done';
    else if (head.chunked) this.#state = 'chunk-size';
    else this.#state = head.contentLength === undefined ? 'until-close' : 'counted';
    return next;
  }

  /** Whether the head is the cached one; tells it without a search. */
  #isCached(bytes: Buffer, from: number, to: number): boolean {
    const { text, head } = this.#cache;
    const end = from + text.length;
    return head !== undefined && end <= to && bytes[end - 1] === LF && bytes.toString('latin1', from, end) === text;
  }

  #read(text: string): ResponseHead | string {
    if (this.#cache.head !== undefined && this.#cache.text === text) return this.#cache.head;
    const head = readHead(text.replace(END_LINES, ''));
    if (typeof head === 'string') return head;
    this.#cache.text = text;
    this.#cache.head = head;
    return head;
  }

  #hold(bytes: Buffer, from: number, to: number): number {
    if (this.#held.length + to - from > MAX_HEAD_BYTES) {
      return this.#fail(`a head of more than ${MAX_HEAD_BYTES} bytes`, from);
    }
    this.#held += bytes.toString('latin1', from, to);
    // What cannot become an answer is not waited for: a server of another protocol may never end its line.
    if (!'HTTP/1.'.startsWith(this.#held.slice(0, 7))) {
      return this.#fail(notHttp(this.#held), from);
    }
    return to;
  }

  /**
   * The size of a chunk without extensions, with the end of the chunk before it, where the read has all of it: what nearly
   * all of them are. A streamed answer has one for each token.
   *
   * @returns where the chunk begins; 0 when it is anything else
   */
  #takePlainSize(bytes: Buffer, from: number, to: number): number {
    let at = from;
    if (this.#state === 'chunk-end') {
      if (at + 2 > to || bytes[at] !== CR || bytes[at + 1] !== LF) return 0;
      at += 2;
    }
    const first = at;
    let size = 0;
    for (; at < to && at - first < 7; at++) {
      const byte = bytes[at] as number;
      const letter = byte | 0x20;
      if (byte >= 0x30 && byte <= 0x39) size = size * 16 + byte - 0x30;
      else if (letter >= 0x61 && letter <= 0x66) size = size * 16 + letter - 0x57;
      else break;
    }
    if (size === 0 || at + 2 > to || bytes[at] !== CR || bytes[at + 1] !== LF) return 0;
    this.#left = size;
    this.#state = 'chunk-data';
    return at + 2;
  }

  #takeLine(bytes: Buffer, from: number, to: number): number {
    const limit = this.#state === 'trailer' ? MAX_HEAD_BYTES : MAX_SIZE_LINE_BYTES;
    for (let at = from; at < to; at++) {
      if (bytes[at] !== LF) continue;
      const line = this.#held + bytes.toString('latin1', from, at);
      this.#held = '';
      if (line.length > limit) break;
      this.#endLine(line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line);
      return at + 1;
    }
    this.#held += bytes.toString('latin1', from, to);
    if (this.#held.length > limit) return this.#fail('a line without end in a chunked body', from);
    return to;
  }

  #endLine(line: string): void {
    if (this.#state === 'chunk-end') {
      if (line !== '') this.#fail('a chunk that is longer than its size');
      else this.#state = 'chunk-size';
    } else if (this.#state === 'trailer') {
      if (line === '') this.#state = 'done';
      else if (!/^[^\s:]+:/.test(line) || line.includes('\r')) this.#fail('a malformed trailer');
    } else {
      const size = /^0*([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?$/.exec(line)?.[1];
      if (size === undefined) {
        this.#fail('a malformed chunk size');
        return;
      }
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'chunk-data';
    }
  }

  #fail(problem: string, at = 0): number {
    this.#state = 'failed';
    this.problem = problem;
    return at;
  }
}

/** Where the body begins; -1 where the head does not end before `to`. */
function endOfHead(bytes: Buffer, from: number, to: number): number {
  for (let lf = bytes.indexOf(LF, from); lf >= 0 && lf + 1 < to; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf + 1] === LF) return lf + 2;
    if (bytes[lf + 1] === CR && bytes[lf + 2] === LF && lf + 2 < to) return lf + 3;
  }
  return -1;
}
