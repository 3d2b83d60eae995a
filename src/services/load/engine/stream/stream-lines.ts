import type { EventShapes } from './event-shape.ts';
import type { StreamEvent } from './stream-event.ts';

/** A line of a stream holds one event; one that does not end must not fill the memory. */
const MAX_LINE = 1 << 20;

const CR = 0x0d;
const LF = 0x0a;
const LETTER_D = 0x64;
const BYTE_ORDER_MARK = '\ufeff';

/** Gets the events of a stream. */
export interface EventSink {
  /** An event of a known shape, and the step of a chain that it is of. */
  count(hasText: boolean, hasReasoning: boolean, hop: string | undefined): void;
  /**
   * Any other event.
   *
   * @param name of the event, where it has one
   * @returns what it says; undefined when it is no JSON
   */
  read(data: string, name: string): StreamEvent | undefined;
  /** The stream reports a failure. */
  report(error: string): void;
  /** Something came that is no event. */
  garble(what: string): void;
  /** Whether any event was understood. */
  readonly hasParsed: boolean;
}

const NOT_JSON = 'an event of the stream is not JSON';

/** Takes the events out of a stream that may be cut anywhere: server-sent events, or JSON by the line. */
export class StreamLines {
  /** Server-sent events; undefined before the first line has told. */
  isSse: boolean | undefined;
  readonly #sink: EventSink;
  readonly #shapes: EventShapes | undefined;
  /** The line that the last read cut. */
  #held: Uint8Array | undefined;
  /** The last read ended with CR: LF may follow. */
  #skipsLf = false;
  /** Lines of data that are no event by themselves, and their characters. */
  #data: string[] = [];
  #size = 0;
  #name = '';

  constructor(sink: EventSink, shapes: EventShapes | undefined) {
    this.#sink = sink;
    this.#shapes = shapes;
  }

  take(bytes: Uint8Array, from: number, to: number, contentType: string): void {
    let at = from;
    if (this.#skipsLf && at < to) {
      this.#skipsLf = false;
      if (bytes[at] === LF) at++;
    }
    while (at < to) {
      if (this.#held === undefined) {
        const next = this.#takeKnown(bytes, at, to);
        if (next > at) {
          at = next;
          continue;
        }
      }
      const end = endOfLine(bytes, at, to);
      if (end < 0) {
        this.#hold(bytes, at, to);
        return;
      }
      const held = this.#held;
      this.#held = undefined;
      const line = held === undefined ? bytes.subarray(at, end) : Buffer.concat([held, bytes.subarray(at, end)]);
      this.#takeLine(line, contentType);
      at = this.#after(bytes, end, to);
    }
  }

  /** Nothing follows; the last line need not end. */
  end(): void {
    const held = this.#held;
    this.#held = undefined;
    // A piece of an event is the end of a stream that was cut off, and nothing to complain about by itself.
    if (held !== undefined) this.#takeLine(held, '', true);
    if (this.#name === 'error') this.#endEvent();
    if (!this.#sink.hasParsed && (held !== undefined || this.#data.length > 0)) this.#sink.garble(NOT_JSON);
  }

  /** @returns where the next line begins; `at` when this one is of no known shape, or cut */
  #takeKnown(bytes: Uint8Array, at: number, to: number): number {
    const shapes = this.#shapes;
    if (shapes === undefined || this.#data.length > 0 || this.#name !== '') return at;
    // Known lines begin with "data:", or with JSON.
    const isSse = bytes[at] === LETTER_D;
    if (this.isSse === !isSse) return at;
    const shape = shapes.find(bytes, at, to);
    if (shape === undefined) return at;
    const { end } = shapes;
    if (end >= to || (bytes[end] !== LF && bytes[end] !== CR)) return at;
    this.isSse = isSse;
    this.#sink.count(shape.hasText, shape.hasReasoning, shape.hop);
    const next = this.#after(bytes, end, to);
    // Most events are followed by the empty line that ends them.
    return next < to && bytes[next] === LF ? next + 1 : next;
  }

  /** @returns where the line after the one that ends at `end` begins */
  #after(bytes: Uint8Array, end: number, to: number): number {
    if (bytes[end] !== CR) return end + 1;
    if (end + 1 === to) this.#skipsLf = true;
    else if (bytes[end + 1] === LF) return end + 2;
    return end + 1;
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    const held = this.#held;
    if ((held?.length ?? 0) + to - from > MAX_LINE) {
      this.#sink.garble('a line of the stream is over 1 MiB');
      this.#held = new Uint8Array();
      return;
    }
    const part = bytes.subarray(from, to);
    this.#held = held === undefined ? Buffer.from(part) : Buffer.concat([held, part]);
  }

  #takeLine(bytes: Uint8Array, contentType: string, isCut = false): void {
    let line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    let isMarked = false;
    if (this.isSse === undefined) {
      isMarked = line.startsWith(BYTE_ORDER_MARK);
      if (isMarked) line = line.slice(1);
      this.isSse = kindOf(line, contentType);
    }
    if (this.isSse === true) this.#takeField(line, isMarked || isCut ? undefined : bytes);
    else if (line.trim() !== '') {
      const event = this.#sink.read(line.trim(), '');
      if (event === undefined && !isCut) this.#sink.garble(NOT_JSON);
      else if (event !== undefined && !isMarked && !isCut) this.#shapes?.learn(bytes, event);
    }
  }

  /**
   * A line of an event; data is read as soon as it is whole, as the time of a token is that of its read.
   *
   * @param bytes of the line, where its shape is worth learning
   */
  #takeField(line: string, bytes: Uint8Array | undefined): void {
    if (line === '') {
      this.#endEvent();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#name = value === 'message' ? '' : value;
    if (field !== 'data') return;
    if (this.#data.length > 0) this.#join(value);
    else if (value.trim() !== '') {
      const event = this.#sink.read(value.trim(), this.#name);
      if (event === undefined) this.#join(value);
      else if (this.#name === '' && bytes !== undefined) this.#shapes?.learn(bytes, event);
    }
  }

  /** Data of several lines is whole at the end of its event: trying each line would take the square of their number. */
  #join(value: string): void {
    this.#size += value.length;
    if (this.#size > MAX_LINE) this.#sink.garble('an event of the stream is over 1 MiB');
    else this.#data.push(value);
  }

  #endEvent(): void {
    const [data, name] = [this.#data, this.#name];
    this.#data = [];
    this.#size = 0;
    this.#name = '';
    if (data.length === 0 || (data.length > 1 && this.#sink.read(data.join('\n'), name) !== undefined)) return;
    if (name === 'error') this.#sink.report(data.join(' '));
    // What has a name of its own need not be JSON.
    else if (name === '') this.#sink.garble(NOT_JSON);
  }
}

/** @returns undefined while the line is empty */
function kindOf(line: string, contentType: string): boolean | undefined {
  const text = line.trim();
  if (text === '') return undefined;
  if (/^[{[]/.test(text)) return false;
  return /^(?:data|event|id|retry)?:|^(?:data|event|id|retry)$/.test(text) || contentType === 'text/event-stream';
}

/** @returns where the line ends that begins at `from`, at LF or CR; -1 when it does not end before `to` */
function endOfLine(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === LF || byte === CR) return at;
  }
  return -1;
}
