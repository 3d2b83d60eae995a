import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** Codings that are undone, by the names that servers give them. */
const DECODERS: Readonly<Record<string, (first: number) => Transform>> = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  // The standard has a zlib stream in it; some servers send the bare one. The first byte of a zlib stream ends in 8.
  deflate: (first) => ((first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw()),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};

/** Gets decoded bytes, and the time at which what they were made of was read. */
type DecodedSink = (bytes: Buffer, at: number) => void;

/**
 * Undoes the compression of one body as it comes: what a server flushes can be read at once. It decodes one read after the
 * other, in a thread of the pool, so that each piece has the time at which it was read and not that of the decoder.
 */
export class ContentDecoder {
  /** What is wrong with the body, in words; empty while nothing is. */
  problem = '';
  readonly #coding: string;
  readonly #sink: DecodedSink;
  readonly #queue: { readonly bytes: Buffer; readonly at: number }[] = [];
  #stream: Transform | undefined;
  #current = 0;
  #busy = false;
  #ended = false;
  #onEnd: (() => void) | undefined;

  /** @param coding the value of `content-encoding`, in lower case */
  constructor(coding: string, sink: DecodedSink) {
    this.#coding = coding;
    this.#sink = sink;
    if (!(coding in DECODERS)) this.problem = `the answer is compressed with "${coding}", which was not asked for`;
  }

  /** @param at when these bytes were read, milliseconds of the steady clock */
  write(bytes: Buffer, at: number): void {
    if (this.problem !== '' || bytes.length === 0) return;
    // The buffer is read into again.
    this.#queue.push({ bytes: Buffer.from(bytes), at });
    this.#next();
  }

  /** The body is complete: `done` is called once when all of it was decoded, or could not be. */
  end(done: () => void): void {
    this.#onEnd = done;
    if (this.problem !== '') this.#finish();
    else this.#next();
  }

  /** Frees the decoder; nothing more is told. */
  destroy(): void {
    this.#onEnd = undefined;
    this.#queue.length = 0;
    this.problem ||= 'given up';
    this.#stream?.destroy();
  }

  #next(): void {
    if (this.#busy || this.#ended) return;
    const next = this.#queue.shift();
    if (next !== undefined) {
      this.#busy = true;
      this.#current = next.at;
      this.#stream ??= this.#open(next.bytes[0] as number);
      this.#stream.write(next.bytes, () => {
        this.#busy = false;
        this.#next();
      });
    } else if (this.#onEnd !== undefined) {
      this.#ended = true;
      if (this.#stream === undefined) this.#finish();
      else this.#stream.end();
    }
  }

  #open(first: number): Transform {
    const stream = (DECODERS[this.#coding] as (first: number) => Transform)(first);
    stream.on('data', (bytes: Buffer) => this.problem === '' && this.#sink(bytes, this.#current));
    stream.on('end', () => this.#finish());
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'Z_BUF_ERROR' ? 'ends before its end' : `is broken (${error.message})`;
      this.problem ||= `the ${this.#coding} compressed answer ${why}`;
      this.#finish();
    });
    return stream;
  }

  #finish(): void {
    const done = this.#onEnd;
    this.#onEnd = undefined;
    done?.();
  }
}
