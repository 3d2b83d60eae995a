import { EngineFault } from './fault.ts';

/** One event of a stream may be so large, in bytes. */
export const MAX_EVENT_BYTES = 1 << 20;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts a stream of bytes into lines, wherever its reads are cut: in a line, in a character, between CR and LF. Bytes are
 * decoded once for all lines that a read completes.
 */
export class LineSplitter {
  /** A CR alone ends a line, too, as in event streams. */
  readonly #loneCr: boolean;
  readonly #parts: Buffer[] = [];
  #size = 0;
  /** The last line ended with a CR; an LF that follows belongs to it. */
  #afterCr = false;

  constructor(loneCr = false) {
    this.#loneCr = loneCr;
  }

  /**
   * @returns the lines that are complete now, without their ends
   * @throws EngineFault for a line above 1 MiB
   */
  push(bytes: Buffer): string[] {
    let rest = bytes;
    if (this.#afterCr && rest.length > 0) {
      this.#afterCr = false;
      if (rest[0] === LF) rest = rest.subarray(1);
    }
    const cr = this.#loneCr ? rest.lastIndexOf(CR) : -1;
    const end = Math.max(rest.lastIndexOf(LF), cr);
    if (end < 0) {
      this.#keep(rest);
      return [];
    }
    this.#afterCr = end === cr && end === rest.length - 1;
    const lines = this.#split(this.#taken(rest.subarray(0, end)), rest[end] === LF);
    this.#keep(rest.subarray(end + 1));
    return lines;
  }

  /** What came after the last end of a line, if anything did. */
  end(): string[] {
    return this.#size === 0 ? [] : this.#split(this.#taken(Buffer.alloc(0)), false);
  }

  #taken(last: Buffer): Buffer {
    if (this.#size === 0) return last;
    const whole = Buffer.concat([...this.#parts, last]);
    this.#parts.length = 0;
    this.#size = 0;
    return whole;
  }

  #split(whole: Buffer, endsWithLf: boolean): string[] {
    const text = whole.toString('utf8', 0, endsWithLf && whole.at(-1) === CR ? whole.length - 1 : whole.length);
    const lines = text.includes('\r') ? text.split(this.#loneCr ? /\r\n|\r|\n/ : /\r?\n/) : text.split('\n');
    if (whole.length > MAX_EVENT_BYTES && lines.some((line) => Buffer.byteLength(line) > MAX_EVENT_BYTES)) {
      throw tooLarge();
    }
    return lines;
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#size += part.length;
    if (this.#size > MAX_EVENT_BYTES) throw tooLarge();
    this.#parts.push(part);
    // Reads of single bytes are kept as one piece per kilobyte, not as objects of their own.
    if (this.#parts.length >= 1024) this.#parts.splice(0, Infinity, Buffer.concat(this.#parts));
  }
}

export function tooLarge(): EngineFault {
  return new EngineFault('sent an event of more than 1 MiB');
}
