import { ContentDecoder } from './content-decoder.ts';

/** What may stand before UTF-8 text, and is no part of it. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Gets the bytes of a text, and when they were read. The bytes of `kept` buffers may be kept, others are read over. */
type TextSink = (bytes: Buffer, from: number, to: number, at: number, kept: boolean) => void;

/** The text of one answer after another, as its server meant it: decoded, and without a byte order mark. */
export class AnswerBody {
  readonly #sink: TextSink;
  #decoder: ContentDecoder | undefined;
  /** Bytes of the mark that have come; -1 when it cannot come any more. */
  #mark = 0;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** Makes it ready for the next answer. */
  reset(): void {
    this.#decoder?.destroy();
    this.#decoder = undefined;
    this.#mark = 0;
  }

  /**
   * Takes bytes as they are on the wire.
   *
   * @param coding the value of `content-encoding`, in lower case; empty for none
   * @param at when they were read, milliseconds of the steady clock
   */
  take(bytes: Buffer, from: number, to: number, at: number, coding: string): void {
    if (coding === '') {
      this.#text(bytes, from, to, at, false);
      return;
    }
    this.#decoder ??= new ContentDecoder(coding, (text, readAt) => this.#text(text, 0, text.length, readAt, true));
    this.#decoder.write(bytes.subarray(from, to), at);
  }

  /** What is wrong with its coding, in words; empty while nothing is. */
  get problem(): string {
    return this.#decoder?.problem ?? '';
  }

  /** Whether a part of it may still have to be decoded, once all bytes have been taken. */
  get isCoded(): boolean {
    return this.#decoder !== undefined;
  }

  /** All bytes were taken: calls `done` when all text has been handed out. */
  end(done: () => void): void {
    this.#decoder?.end(done);
  }

  #text(bytes: Buffer, from: number, to: number, at: number, kept: boolean): void {
    const begin = this.#mark < 0 ? from : this.#behindMark(bytes, from, to, at);
    if (begin < to) this.#sink(bytes, begin, to, at, kept);
  }

  /** Where the text begins. What only looked like the mark is handed out. */
  #behindMark(bytes: Buffer, from: number, to: number, at: number): number {
    const before = this.#mark;
    let mark = before;
    let next = from;
    while (next < to && mark < BYTE_ORDER_MARK.length && bytes[next] === BYTE_ORDER_MARK[mark]) {
      mark++;
      next++;
    }
    if (mark < BYTE_ORDER_MARK.length && next === to) {
      this.#mark = mark;
      return to;
    }
    this.#mark = -1;
    if (mark === BYTE_ORDER_MARK.length) return next;
    if (before > 0) this.#sink(BYTE_ORDER_MARK, 0, before, at, true);
    return from;
  }
}
