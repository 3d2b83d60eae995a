import type { OnReadOpts, Socket } from 'node:net';
import type { Dial } from '../../../dial/dialer.ts';
import { type Exchange, failure, isSuccess, MAX_ANSWER_BYTES, type WireEnd } from '../exchange.ts';
import type { ReadClock } from '../read-clock.ts';
import type { RequestSource } from '../request-source.ts';
import { steadyNow } from '../steady-clock.ts';
import { AnswerBody } from './answer-body.ts';
import { HTTP2_ONLY } from './response-head.ts';
import { type HeadCache, ResponseParser } from './response-parser.ts';

/** Taken off what the server promises: the request has to arrive before the promise ends. */
const IDLE_MARGIN_MS = 1000;
/** A streamed answer is not kept, but decoding one that was made to grow without end is work without end. */
export const MAX_STREAM_BYTES = 256 << 20;
/** So many bytes fit into the send buffer of a connection that has sent all before them. */
const TAKEN_AT_ONCE = 16 * 1024;
/** Reads of all connections go here, one at a time. Windows starts a read before there is something to read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
const SHARED = process.platform !== 'win32';

/** What a connection tells its owner. Each is the last word on its matter. */
export interface RawOwner {
  readonly heads: HeadCache;
  /** For how long an idle connection may be used where the server promises nothing, milliseconds. */
  readonly idleMs: number;
  readonly clock: ReadClock;
  /** It has been made, and takes requests. */
  connected(connection: RawConnection): void;
  /** The request has ended; `reusable` tells whether another may follow. */
  ended(connection: RawConnection, exchange: Exchange, end: WireEnd, reusable: boolean): void;
  /** The connection is gone, with the exchange that was on it. */
  lost(connection: RawConnection, exchange: Exchange | undefined, error: unknown): void;
  /** The server has ended a connection that had been idle for so long, milliseconds. */
  idleEnded(ms: number): void;
}

/** What makes the socket, which has to read as it is told; it is never done before it has returned. */
type MakeSocket = (onread: OnReadOpts, done: (error: Error | undefined, socket?: Socket) => void) => Dial;

/** One HTTP/1.1 connection over a socket of its own, for one request at a time. */
export class RawConnection {
  readonly openedAt = steadyNow();
  readonly #owner: RawOwner;
  readonly #parser: ResponseParser;
  readonly #body: AnswerBody;
  /** While the socket is made. */
  #dial: Dial | undefined;
  #socket: Socket | undefined;
  #encrypts = false;
  /** Bytes of the request. */
  #sent = 0;
  /** Requests that were answered on it. */
  served = 0;
  #exchange: Exchange | undefined;
  #dead = false;
  #idleSince = 0;
  #idleUntil = 0;
  /** The answer has come whole, and is still being decoded; whether another request may follow. */
  #decoding = false;
  #clean = true;
  /** When the read began that is being taken; one read has one time. */
  #readAt = 0;
  #size = 0;
  #chunks: Buffer[] = [];
  /** The part of the body in the read buffer, until the read is through: most answers end in the read they began in. */
  #from = 0;
  #to = 0;

  constructor(make: MakeSocket, owner: RawOwner) {
    this.#owner = owner;
    this.#parser = new ResponseParser((bytes, from, to) => this.#onBody(bytes, from, to), owner.heads);
    this.#body = new AnswerBody((bytes, from, to, at, kept) => this.#onText(bytes, from, to, at, kept));
    const callback = (length: number, bytes: Uint8Array) => {
      this.#onRead(bytes as Buffer, length);
      return !this.#dead;
    };
    const onread = { buffer: SHARED ? READ_BUFFER : Buffer.allocUnsafe(64 * 1024), callback };
    this.#dial = make(onread, (error, socket) => {
      this.#dial = undefined;
      if (socket === undefined) this.#onGone(error);
      else this.#onConnect(socket);
    });
  }

  /** Whether a request may be sent on it at `now`. */
  usable(now: number): boolean {
    return !this.#dead && this.#exchange === undefined && now < this.#idleUntil;
  }

  /** For how long it has had nothing to do, milliseconds. */
  idleFor(now: number): number {
    return now - this.#idleSince;
  }

  /**
   * Sends a request, once the connection has been made.
   *
   * @returns false when not one byte of it could be sent: the connection is of no use, and the request is free again
   */
  send(exchange: Exchange, source: RequestSource): boolean {
    this.#exchange = exchange;
    this.#parser.reset();
    this.#body.reset();
    this.#size = 0;
    this.#clean = true;
    return this.#write(this.#socket as Socket, exchange, source);
  }

  #onConnect(socket: Socket): void {
    if (this.#dead) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#encrypts = 'encrypted' in socket;
    socket.on('error', (error) => this.#onGone(error));
    socket.on('end', () => this.#onGone(undefined));
    socket.on('close', () => this.#onGone(undefined));
    this.#idleSince = steadyNow();
    this.#idleUntil = this.#idleSince + this.#owner.idleMs;
    this.#owner.connected(this);
  }

  #write(socket: Socket, exchange: Exchange, source: RequestSource): boolean {
    const request = source.request(exchange.due.index, exchange.due.turn);
    const { length } = request;
    this.#sent = length;
    socket.write(request);
    // Nearly always the kernel takes all of it at once, and the next request is made in the same place. TLS has encrypted
    // it by then into memory of its own, though it calls that unfinished.
    if (socket.writableLength > (this.#encrypts ? length : 0)) source.keep();
    // What fails at once has not taken anything: the other side had reset the connection.
    if (socket.errored === null || this.served === 0) return true;
    this.#exchange = undefined;
    return false;
  }

  /** Frees the socket at once, also while it is still connecting; nothing is told any more. */
  destroy(): void {
    this.#dead = true;
    this.#exchange = undefined;
    this.#chunks = [];
    this.#body.reset();
    this.#dial?.cancel();
    this.#socket?.destroy();
  }

  #onRead(bytes: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (this.#dead) return;
    // Bytes that nobody asked for: whatever they are, the next answer could not be told from them.
    if (exchange === undefined) {
      this.#onGone(new Error('bytes without a request'));
      return;
    }
    if (this.#decoding) {
      this.#clean = false;
      return;
    }
    const parser = this.#parser;
    this.#to = 0;
    if (exchange.meter !== undefined) this.#readAt = this.#owner.clock.read();
    const end = parser.feed(bytes, 0, length);
    if (this.#exchange !== exchange) return;
    if (parser.head !== undefined) exchange.status = parser.head.status;
    if (parser.done) {
      // An early answer leaves a part of the request unsent: nothing can follow it.
      this.#clean = end === length && this.#isSent();
      this.#finish(exchange, bytes);
    } else if (parser.failed) this.#break(exchange, malformed(parser.problem));
    else if (!this.#isTooLong(exchange)) this.#keep(bytes);
  }

  /** Whether the kernel has taken the whole request. TLS says so a turn later, when the answer may be here already. */
  #isSent(): boolean {
    const left = this.#socket?.writableLength ?? 0;
    return left === 0 || (this.#encrypts && this.#sent <= TAKEN_AT_ONCE);
  }

  /** All bytes of the answer are here. */
  #finish(exchange: Exchange, bytes: Buffer): void {
    if (!this.#body.isCoded) {
      this.#settle(exchange, bytes);
      return;
    }
    this.#decoding = true;
    this.#body.end(() => {
      if (this.#exchange !== exchange) return;
      this.#decoding = false;
      const { problem } = this.#body;
      if (problem === '') this.#settle(exchange, bytes);
      else this.#break(exchange, { kind: 'failure', outcome: 'invalid', class: 'content-encoding', error: problem });
    });
  }

  #settle(exchange: Exchange, bytes: Buffer): void {
    const head = this.#parser.head;
    if (head === undefined || this.#isTooLong(exchange)) return;
    this.#exchange = undefined;
    this.served++;
    const { status, location, retryAfter, keepAliveMs } = head;
    this.#idleSince = steadyNow();
    const idleMs =
      keepAliveMs === undefined ? this.#owner.idleMs : keepAliveMs - Math.min(IDLE_MARGIN_MS, keepAliveMs / 2);
    this.#idleUntil = this.#idleSince + idleMs;
    const end = { kind: 'answer', status, text: this.#text(bytes), location, retryAfter } as const;
    this.#owner.ended(this, exchange, end, this.#clean && head.keepAlive && idleMs > 0);
  }

  #text(bytes: Buffer): string {
    if (this.#chunks.length === 0) return this.#to === 0 ? '' : bytes.toString('utf8', this.#from, this.#to);
    this.#keep(bytes);
    const text = Buffer.concat(this.#chunks).toString('utf8');
    this.#chunks = [];
    return text;
  }

  #onBody(bytes: Buffer, from: number, to: number): void {
    this.#body.take(bytes, from, to, this.#readAt, this.#parser.head?.contentEncoding ?? '');
  }

  #onText(bytes: Buffer, from: number, to: number, at: number, kept: boolean): void {
    const exchange = this.#exchange;
    const head = this.#parser.head;
    if (exchange === undefined || head === undefined) return;
    this.#size += to - from;
    exchange.meter?.take(bytes, from, to, at, head.contentType, this.#owner.clock.late);
    // A refusal is no stream: its text says why.
    if (this.#isStreamed(exchange) || this.#size > MAX_ANSWER_BYTES) {
      // Between two reads nobody else looks.
      if (kept) this.#isTooLong(exchange);
      return;
    }
    this.#keep(bytes);
    if (kept) this.#chunks.push(bytes.subarray(from, to));
    else {
      this.#from = from;
      this.#to = to;
    }
  }

  /** The read buffer is about to be used again. */
  #keep(bytes: Buffer): void {
    if (this.#to > 0) this.#chunks.push(Buffer.from(bytes.subarray(this.#from, this.#to)));
    this.#to = 0;
  }

  #isStreamed({ meter }: Exchange): boolean {
    return meter !== undefined && isSuccess(this.#parser.head?.status ?? 0);
  }

  /** Ends an answer that is over its bound. */
  #isTooLong(exchange: Exchange): boolean {
    const isStream = this.#isStreamed(exchange);
    if (this.#size <= (isStream ? MAX_STREAM_BYTES : MAX_ANSWER_BYTES)) return false;
    const error = `the answer is over ${isStream ? '256 MiB' : '1 MiB'}`;
    this.#break(exchange, { kind: 'failure', outcome: 'invalid', class: 'too-long', error });
    return true;
  }

  #break(exchange: Exchange, end: WireEnd): void {
    this.destroy();
    this.#owner.ended(this, exchange, end, false);
  }

  #onGone(error: Error | undefined): void {
    if (this.#dead) return;
    const exchange = this.#exchange;
    if (this.#decoding) {
      this.#clean = false;
      return;
    }
    if (exchange !== undefined && error === undefined) {
      this.#parser.end();
      if (this.#parser.done) {
        this.#clean = false;
        this.#finish(exchange, READ_BUFFER);
        return;
      }
    }
    if (exchange === undefined && error === undefined && this.served > 0) {
      this.#owner.idleEnded(this.idleFor(steadyNow()));
    }
    this.destroy();
    const closed = this.served > 0 ? 'other side closed the kept connection without an answer' : 'other side closed';
    this.#owner.lost(this, exchange, error ?? Object.assign(new Error(closed), { code: 'UND_ERR_SOCKET' }));
  }
}

function malformed(problem: string): WireEnd {
  const code = problem === HTTP2_ONLY ? 'http2-only' : 'malformed-answer';
  return failure(Object.assign(new Error(problem), { code }));
}
