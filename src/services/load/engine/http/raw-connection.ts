import type { OnReadOpts, Socket } from 'node:net';
import { type Exchange, failure, MAX_ANSWER_BYTES, type WireEnd } from '../exchange.ts';
import type { RequestSource } from '../request-source.ts';
import { steadyNow } from '../steady-clock.ts';
import { type HeadCache, ResponseParser } from './response-parser.ts';

/** An idle connection is used no more after this where the server promises nothing; undici's default too. */
const IDLE_MS = 4000;
/** Taken off what the server promises: the request has to arrive before the promise ends. */
const IDLE_MARGIN_MS = 1000;
/** Reads of all connections go here, one at a time. Windows starts a read before there is something to read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
const SHARED = process.platform !== 'win32';

const TOO_LONG = { kind: 'failure', outcome: 'invalid', class: 'too-long', error: 'the answer is over 1 MiB' } as const;

/** What a connection tells its owner. Each is the last word on its matter. */
export interface RawOwner {
  readonly heads: HeadCache;
  /** The request has ended; `reusable` tells whether another may follow. */
  ended(connection: RawConnection, exchange: Exchange, end: WireEnd, reusable: boolean): void;
  /**
   * The connection is gone. With an exchange: it was `stale` when the server had closed a used connection before it
   * could have seen the request.
   */
  lost(connection: RawConnection, exchange: Exchange | undefined, error: unknown, stale: boolean): void;
}

/** One HTTP/1.1 connection over a socket of its own, for one request at a time. */
export class RawConnection {
  readonly openedAt = steadyNow();
  readonly #owner: RawOwner;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  /** Requests that were answered on it. */
  served = 0;
  #exchange: Exchange | undefined;
  #dead = false;
  #idleUntil = 0;
  #size = 0;
  #chunks: Buffer[] = [];
  /** The part of the body in the read buffer, until the read is through: most answers end in the read they began in. */
  #from = 0;
  #to = 0;

  /** @param connect makes the socket, which has to read as it is told */
  constructor(connect: (onread: OnReadOpts) => Socket, owner: RawOwner) {
    this.#owner = owner;
    this.#parser = new ResponseParser((bytes, from, to) => this.#onBody(bytes, from, to), owner.heads);
    const callback = (length: number, bytes: Uint8Array) => {
      this.#onRead(bytes as Buffer, length);
      return !this.#dead;
    };
    const onread = { buffer: SHARED ? READ_BUFFER : Buffer.allocUnsafe(64 * 1024), callback };
    this.#socket = connect(onread);
    this.#socket.on('error', (error) => this.#onGone(error));
    this.#socket.on('end', () => this.#onGone(undefined));
    this.#socket.on('close', () => this.#onGone(undefined));
  }

  /** Whether a request may be sent on it at `now`. */
  usable(now: number): boolean {
    return !this.#dead && this.#exchange === undefined && now < this.#idleUntil;
  }

  send(exchange: Exchange, source: RequestSource): void {
    this.#exchange = exchange;
    this.#parser.reset();
    this.#size = 0;
    // A request is only made when it can be written: with many connections under way, their bytes would add up.
    if (!this.#socket.connecting) this.#write(exchange, source);
    else this.#socket.once('connect', () => this.#exchange === exchange && this.#write(exchange, source));
  }

  #write({ due }: Exchange, source: RequestSource): void {
    this.#socket.write(source.request(due.index, due.turn));
    // Nearly always the kernel takes all of it at once, and the next request is made in the same place.
    if (this.#socket.writableLength > 0) source.keep();
  }

  /** Frees the socket at once, also while it is still connecting; nothing is told any more. */
  destroy(): void {
    this.#dead = true;
    this.#exchange = undefined;
    this.#chunks = [];
    this.#socket.destroy();
  }

  #onRead(bytes: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (this.#dead) return;
    // Bytes that nobody asked for: whatever they are, the next answer could not be told from them.
    if (exchange === undefined) {
      this.#onGone(undefined);
      return;
    }
    const parser = this.#parser;
    this.#to = 0;
    const end = parser.feed(bytes, 0, length);
    if (this.#exchange !== exchange) return;
    if (parser.head !== undefined) exchange.status = parser.head.status;
    if (parser.done) {
      // An early answer leaves a part of the request unsent: nothing can follow it.
      const clean = end === length && this.#socket.writableLength === 0 && !this.#socket.connecting;
      this.#finish(exchange, bytes, clean);
    } else if (parser.failed) {
      this.#break(exchange, failure(Object.assign(new Error(parser.problem), { code: 'malformed-answer' })));
    } else if (this.#size > MAX_ANSWER_BYTES) this.#break(exchange, TOO_LONG);
    else this.#keep(bytes);
  }

  #finish(exchange: Exchange, bytes: Buffer, clean: boolean): void {
    const head = this.#parser.head;
    if (head === undefined) return;
    if (this.#size > MAX_ANSWER_BYTES) {
      this.#break(exchange, TOO_LONG);
      return;
    }
    this.#exchange = undefined;
    this.served++;
    const now = steadyNow();
    this.#idleUntil = now + (head.keepAliveMs === undefined ? IDLE_MS : head.keepAliveMs - IDLE_MARGIN_MS);
    const { status, location } = head;
    const end = { kind: 'answer', status, text: this.#text(bytes), location } as const;
    this.#owner.ended(this, exchange, end, clean && head.keepAlive && this.#idleUntil > now);
  }

  #text(bytes: Buffer): string {
    if (this.#chunks.length === 0) return this.#to === 0 ? '' : bytes.toString('utf8', this.#from, this.#to);
    this.#keep(bytes);
    const text = Buffer.concat(this.#chunks).toString('utf8');
    this.#chunks = [];
    return text;
  }

  #onBody(bytes: Buffer, from: number, to: number): void {
    const meter = this.#exchange?.meter;
    if (meter !== undefined && this.#parser.head !== undefined) {
      meter.take(bytes, from, to, steadyNow(), this.#parser.head.contentType);
      // A refusal is no stream: its text says why.
      if (this.#parser.head.status === 200) return;
    }
    this.#size += to - from;
    if (this.#size > MAX_ANSWER_BYTES) return;
    this.#keep(bytes);
    this.#from = from;
    this.#to = to;
  }

  /** The read buffer is about to be used again. */
  #keep(bytes: Buffer): void {
    if (this.#to > 0) this.#chunks.push(Buffer.from(bytes.subarray(this.#from, this.#to)));
    this.#to = 0;
  }

  #break(exchange: Exchange, end: WireEnd): void {
    this.destroy();
    this.#owner.ended(this, exchange, end, false);
  }

  #onGone(error: (Error & { code?: string }) | undefined): void {
    if (this.#dead) return;
    const exchange = this.#exchange;
    const { untouched } = this.#parser;
    if (exchange !== undefined && error === undefined) {
      this.#parser.end();
      if (this.#parser.done) {
        this.#finish(exchange, READ_BUFFER, false);
        this.destroy();
        return;
      }
    }
    // A reset may be the answer to a request that arrived; an orderly end before it may not.
    const stale = this.served > 0 && untouched && (error === undefined || error.code === 'EPIPE');
    this.destroy();
    const why = error ?? Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
    this.#owner.lost(this, exchange, why, stale);
  }
}
