import type { StreamEnd } from '../../protocols/protocol.ts';
import { shownTokens, type Usage } from '../../protocols/usage.ts';
import { brief } from '../brief.ts';
import { Floats } from '../floats.ts';
import type { Streamed } from '../stream-columns.ts';
import type { EventShapes } from './event-shape.ts';
import { SeveralAnswers } from './several-answers.ts';
import { errorOf, readEvent, type StreamEvent } from './stream-event.ts';
import { StreamHops } from './stream-hops.ts';
import { type EventSink, StreamLines } from './stream-lines.ts';

/** A read that may have been looked at later than this after its bytes came is counted as late, milliseconds. */
const LATE_MS = 1;
/** Before what a stream says of its own failure. */
export const REPORTED = 'the stream reports an error: ';
/** Most characters of an answer's text that are kept. */
const MAX_TEXT = 1 << 20;

/** What all streams of a point have in common. */
export interface MeterOptions {
  readonly ends: StreamEnd;
  /** Known shapes of events, shared by all streams; none: every event is parsed. */
  readonly shapes?: EventShapes;
  /** Whether a time is within the point's window; milliseconds of the steady clock. */
  readonly isWithin?: (at: number) => boolean;
  /** Keep the text of answers, for the next turn of a conversation. */
  readonly keepsText?: boolean;
}

/** Why a stream is no complete answer. */
export interface StreamFault {
  readonly class: 'stream-error' | 'broken-stream' | 'truncated-stream' | 'not-a-stream';
  readonly error: string;
}

/**
 * Reads a streamed answer as it comes: server-sent events, or JSON by the line. Chunks coalesce on the way, so times are
 * of reads; events are counted one by one.
 */
export class TokenMeter implements EventSink {
  firstAt: number | undefined;
  reasoningAt: number | undefined;
  /** Events with tokens. */
  events = 0;
  /** Reads with tokens, and those of them that may have been looked at late; by how much the first token's may be, ms. */
  reads = 0;
  lateReads = 0;
  firstLateMs = 0;
  /** What the target said of its tokens, the last word on each. */
  readonly usage: Usage = {};
  finish: string | undefined;
  host: string | undefined;
  model: string | undefined;
  /** The stream has said that nothing follows. */
  closed: StreamEvent['closed'];
  /** Of the answer, where it is kept. */
  text = '';
  /** The line with `"done":true`, which may be a whole answer. */
  lastLine = '';
  readonly #options: MeterOptions;
  readonly #gaps = new Floats();
  readonly #lines: StreamLines;
  #fault: StreamFault | undefined;
  #several: SeveralAnswers | undefined;
  #hops: StreamHops | undefined;
  /** Everything that was understood, with tokens or without. */
  #told = 0;
  #at = 0;
  #late = 0;
  #lastAt = 0;
  /** Of all, of the first read, and of those within the window: events, or tokens where events tell their number. */
  #weight = 0;
  #firstWeight = 0;
  #withinWeight = 0;

  constructor(options: MeterOptions = { ends: 'finish-or-done' }) {
    this.#options = options;
    const shapes = options.keepsText === true ? undefined : options.shapes;
    this.#lines = new StreamLines(this, shapes);
  }

  /** Reads a streamed answer that has come whole: nothing is known of its times. */
  static ofText(text: string, options?: MeterOptions): TokenMeter {
    const meter = new TokenMeter(options);
    const bytes = Buffer.from(text);
    meter.take(bytes, 0, bytes.length, 0, '');
    meter.end();
    return meter;
  }

  /**
   * @param at milliseconds of the steady clock at which the bytes were read; the same for all of one read
   * @param contentType decides where the first line does not
   * @param late how much earlier they may have come at most, milliseconds
   */
  take(bytes: Uint8Array, from: number, to: number, at: number, contentType: string, late = 0): void {
    this.#at = at;
    this.#late = late;
    this.#lines.take(bytes, from, to, contentType);
  }

  /** The answer is complete; the last line need not end. */
  end(): void {
    this.#lines.end();
  }

  /** What the record of the request has of it; `sentAt` in milliseconds of the steady clock. */
  timesSince(sentAt: number): Streamed {
    const { events, reads, lateReads, firstLateMs, tpotMs, firstAt, reasoningAt } = this;
    const since = (at: number | undefined) => (at === undefined ? undefined : at - sentAt);
    const withoutDone = this.fault === undefined && this.#lines.isSse === true && this.closed === undefined;
    const times = { ttftMs: since(firstAt), reasoningMs: since(reasoningAt), tpotMs, gaps: this.#gaps.view() };
    const hops = this.#hops?.since(sentAt);
    return { ...times, events, reads, lateReads, firstLateMs, withoutDone, hops };
  }

  /** From the first token of any kind to the last by the tokens that came after the first read; undefined within one read. */
  get tpotMs(): number | undefined {
    const first = this.#firstAny;
    const after = 1 - this.#firstWeight / this.#weight;
    return first === undefined || this.reads < 2 ? undefined : (this.#lastAt - first) / (this.#shownTokens * after);
  }

  get #shownTokens(): number {
    return this.isEstimated || this.reasoningAt !== undefined
      ? this.outputTokens
      : shownTokens(this.usage, this.events);
  }

  /** Whether events stand for tokens, because the target does not tell how many there were. */
  get isEstimated(): boolean {
    return (this.usage.output_tokens ?? 0) === 0;
  }

  /** What the target says, else the events with tokens. */
  get outputTokens(): number {
    return this.isEstimated ? this.events : (this.usage.output_tokens ?? 0);
  }

  /** Tokens that came within the window. */
  get tokensWithin(): number {
    return this.#weight === 0 ? 0 : (this.outputTokens * this.#withinWeight) / this.#weight;
  }

  /** What is wrong with the stream; undefined when it is a complete answer. */
  get fault(): StreamFault | undefined {
    if (this.#fault !== undefined) return this.#fault;
    // What a model thought and did not show is a token too, where it is counted.
    if (this.events === 0 && !(this.#isEnded && this.outputTokens > 0)) return broken('the stream brought no token');
    if (this.#isWhole) {
      return { class: 'not-a-stream', error: 'a whole answer in one piece, and no stream' };
    }
    if (this.#isEnded) return undefined;
    const { ends } = this.#options;
    const reason = this.#open === undefined ? 'a finish_reason' : `a finish_reason of choice ${this.#open}`;
    const missing = ends === 'finish' || (ends === 'finish-or-done' && this.#lines.isSse) ? reason : 'its last line';
    return { class: 'truncated-stream', error: `the stream ended without ${missing}` };
  }

  count(hasText: boolean, hasReasoning: boolean, hop: string | undefined): void {
    this.#told++;
    this.#token(hasText, hasReasoning, 1, hop);
  }

  read(data: string, name: string): StreamEvent | undefined {
    const event = readEvent(data);
    if (event === undefined) return undefined;
    this.#told++;
    if (name === 'error' || event.error !== undefined) {
      this.report(event.error ?? namedError(data));
      return event;
    }
    const { usage, finish, closed, host, hasText, hasReasoning, choices } = event;
    if (choices !== undefined) {
      this.#several ??= new SeveralAnswers(this.finish !== undefined);
      this.#several.take(choices, hasText || hasReasoning);
    } else if (finish !== undefined) this.#several?.endFirst();
    const before = this.usage.output_tokens ?? 0;
    if (usage !== undefined) Object.assign(this.usage, usage);
    if (finish !== undefined) this.finish = finish;
    if (closed !== undefined) this.closed = closed;
    if (closed === 'done' && this.#options.ends === 'answer') this.lastLine = data;
    if (host !== undefined) this.host = host;
    if (event.model !== undefined) this.model = event.model;
    if (this.#options.keepsText === true && this.text.length < MAX_TEXT) this.text += event.text;
    // A count that goes along with the events tells how many tokens each of them has.
    const own = usage?.output_tokens === undefined ? 1 : Math.max(1, usage.output_tokens - before);
    // One that comes with the end alone is of the whole answer.
    const isRunning = before > 0 || (closed === undefined && finish === undefined);
    if (hasText || hasReasoning) this.#token(hasText, hasReasoning, isRunning ? own : 1, event.hop);
    return event;
  }

  report(error: string): void {
    this.#fault ??= { class: 'stream-error', error: brief(`${REPORTED}${error}`) };
  }

  garble(what: string): void {
    this.#fault ??= broken(what);
  }

  get hasParsed(): boolean {
    return this.#told > 0;
  }

  /** Its only line is the answer and its end. One token alone has no other form, where the target tells that it is one. */
  get #isWhole(): boolean {
    return (
      this.#lines.isSse === false &&
      this.#told === 1 &&
      this.events === 1 &&
      this.usage.output_tokens !== 1 &&
      this.#isEnded
    );
  }

  get #isEnded(): boolean {
    const { ends } = this.#options;
    const isFinished = this.finish !== undefined && this.#open === undefined;
    if (ends === 'finish') return isFinished;
    if (ends === 'finish-or-done') return isFinished || this.closed !== undefined;
    return this.closed === 'done';
  }

  /** Of several answers, the one that has not ended. */
  get #open(): number | undefined {
    return this.#several?.openOf(this.events);
  }

  get #firstAny(): number | undefined {
    const { firstAt = Number.POSITIVE_INFINITY, reasoningAt = Number.POSITIVE_INFINITY } = this;
    const first = Math.min(firstAt, reasoningAt);
    return Number.isFinite(first) ? first : undefined;
  }

  #token(hasText: boolean, hasReasoning: boolean, weight: number, hop: string | undefined): void {
    const at = this.#at;
    if (hop !== undefined) {
      this.#hops ??= new StreamHops();
      this.#hops.token(hop, at);
    }
    this.events++;
    this.#weight += weight;
    if (at !== this.#lastAt || this.reads === 0) {
      if (this.reads > 0) this.#gaps.push(at - this.#lastAt);
      if (this.#late > LATE_MS) this.lateReads++;
      this.reads++;
      this.#lastAt = at;
    }
    if (this.reads === 1) this.#firstWeight += weight;
    if (this.#options.isWithin?.(at) === true) this.#withinWeight += weight;
    if (hasText && this.firstAt === undefined) {
      this.firstAt = at;
      this.firstLateMs = this.#late;
    }
    if (hasReasoning) this.reasoningAt ??= at;
  }
}

function broken(error: string): StreamFault {
  return { class: 'broken-stream', error };
}

/** What an event called `error` says. */
function namedError(data: string): string {
  try {
    return errorOf(JSON.parse(data)) ?? 'no reason given';
  } catch {
    return data;
  }
}
