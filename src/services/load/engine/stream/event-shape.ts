import type { StreamEvent } from './stream-event.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Values that say nothing about the tokens; they differ from event to event or from answer to answer. */
const IGNORED = new Set(['id', 'model', 'created', 'created_at', 'obfuscation', 'system_fingerprint']);
/** Strings of which only counts whether there is anything in them. */
const PIECES = new Set([
  ...['content', 'text', 'response', 'token', 'refusal', 'arguments'],
  ...['reasoning_content', 'reasoning', 'thinking'],
]);

/** What stands in a place that may differ. */
const ANY_STRING = 0;
const SOME_STRING = 1;
const NUMBER = 2;

/**
 * A line of a stream as the last one that was read in full had it: fixed bytes, and places where any string or number may
 * stand. A line that fits it says the same as that one did, without being decoded or parsed: some 0.15 us instead of 3.
 */
export class EventShape {
  readonly hasText: boolean;
  readonly hasReasoning: boolean;
  readonly hop: string | undefined;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** Three numbers each: where the place begins and ends in the bytes, and what may stand there. */
  readonly #places: Int32Array;

  private constructor(bytes: Buffer, places: readonly number[], event: StreamEvent) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#places = Int32Array.from(places);
    this.hasText = event.hasText;
    this.hasReasoning = event.hasReasoning;
    this.hop = event.hop;
  }

  /**
   * The shape of a line.
   *
   * @param line is copied
   * @param event what it says
   * @returns undefined when more depends on it than whether a token came
   */
  static of(line: Uint8Array, event: StreamEvent): EventShape | undefined {
    const { hasText, hasReasoning, finish, closed, error, host, usage, choices } = event;
    if (!hasText && !hasReasoning) return undefined;
    if ([finish, closed, error, host, usage, choices].some((part) => part !== undefined)) return undefined;
    const bytes = Buffer.from(line);
    return new EventShape(bytes, placesIn(bytes), event);
  }

  /**
   * Whether a line that begins at `from` fits.
   *
   * @param view of the same bytes
   * @returns where the line ends, before its line break; -1 when it does not fit, or not before `to`
   */
  fit(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    const own = this.#bytes;
    const places = this.#places;
    let at = from;
    let ownAt = 0;
    for (let i = 0; i < places.length; i += 3) {
      const begin = places[i] as number;
      if (at + begin - ownAt >= to || !this.#same(bytes, view, at, ownAt, begin)) return -1;
      at += begin - ownAt;
      ownAt = places[i + 1] as number;
      const kind = places[i + 2] as number;
      const end = kind === NUMBER ? endOfNumber(bytes, at, to) : endOfString(bytes, at, to);
      if (end < 0 || (end === at && kind !== ANY_STRING)) return -1;
      at = end;
    }
    if (at + own.length - ownAt > to || !this.#same(bytes, view, at, ownAt, own.length)) return -1;
    return at + own.length - ownAt;
  }

  /** Whether the own bytes of a range stand at `at`. */
  #same(bytes: Uint8Array, view: DataView, at: number, from: number, to: number): boolean {
    const own = this.#bytes;
    let i = from;
    let j = at;
    for (; i + 4 <= to; i += 4, j += 4) {
      if (this.#view.getInt32(i, true) !== view.getInt32(j, true)) return false;
    }
    for (; i < to; i++, j++) if (own[i] !== bytes[j]) return false;
    return true;
  }
}

/** Shapes of a point, the one that fitted last first. */
export class EventShapes {
  static readonly #MOST = 4;
  /** Lines that never come again in their shape are not worth learning: each costs this, and each hit brings one. */
  static readonly #COST = 8;
  readonly #shapes: EventShape[] = [];
  #credit = 1000;
  #viewed: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the line that was found last ends, before its line break. */
  end = 0;

  /** @returns the shape of the line that begins at `from` and ends before `to`; undefined when none is known */
  find(bytes: Uint8Array, from: number, to: number): EventShape | undefined {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const shapes = this.#shapes;
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i] as EventShape;
      const end = shape.fit(bytes, this.#view, from, to);
      if (end < 0) continue;
      this.end = end;
      if (this.#credit < 1000) this.#credit++;
      if (i > 0) {
        shapes.splice(i, 1);
        shapes.unshift(shape);
      }
      return shape;
    }
    return undefined;
  }

  learn(line: Uint8Array, event: StreamEvent): void {
    if (this.#credit < EventShapes.#COST) return;
    const shape = EventShape.of(line, event);
    if (shape === undefined) return;
    this.#credit -= EventShapes.#COST;
    this.#shapes.unshift(shape);
    if (this.#shapes.length > EventShapes.#MOST) this.#shapes.pop();
  }
}

/** The places of a line that may differ. The JSON in it is known to be sound. */
function placesIn(bytes: Uint8Array): number[] {
  const places: number[] = [];
  let key = '';
  let isKey = true;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      const from = at + 1;
      at = endOfString(bytes, from, bytes.length);
      let next = at + 1;
      while (next < bytes.length && (bytes[next] as number) <= 0x20) next++;
      isKey = bytes[next] === COLON;
      if (isKey) key = Buffer.from(bytes.subarray(from, at)).toString('latin1');
      else if (IGNORED.has(key)) places.push(from, at, ANY_STRING);
      else if (PIECES.has(key) && at > from) places.push(from, at, SOME_STRING);
    } else if (!isKey && byte === COMMA) key = '';
    else if (IGNORED.has(key) && (byte === 0x2d || (byte >= 0x30 && byte <= 0x39))) {
      const end = endOfNumber(bytes, at, bytes.length);
      if (end > 0) places.push(at, end, NUMBER);
      at = Math.max(at, end - 1);
      key = '';
    }
  }
  return places;
}

/** @returns where the string ends whose content begins at `from`, at its quote; -1 when it is none or does not end */
function endOfString(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) {
      at++;
      continue;
    }
    const length = escapeLength(bytes, at + 1, to);
    if (length < 0) return -1;
    at += length;
  }
  return -1;
}

/** Length of an escape with its backslash, `at` being what follows that; -1 when it is none or is cut. */
function escapeLength(bytes: Uint8Array, at: number, to: number): number {
  switch (bytes[at]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at < to ? 2 : -1;
    case 0x75: // u
      if (at + 4 >= to) return -1;
      for (let i = at + 1; i <= at + 4; i++) {
        const digit = (bytes[i] as number) | 0x20;
        if (!((digit >= 0x30 && digit <= 0x39 && bytes[i] === digit) || (digit >= 0x61 && digit <= 0x66))) return -1;
      }
      return 6;
    default:
      return -1;
  }
}

/** @returns where a whole number of plain digits ends; -1 when it is none, or goes on as another kind of number */
function endOfNumber(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++;
  if (at === from || at === to || (bytes[from] === 0x30 && at > from + 1)) return -1;
  const next = bytes[at] as number;
  return next === 0x2e || next === 0x65 || next === 0x45 ? -1 : at;
}
