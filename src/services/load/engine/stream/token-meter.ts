import { StringDecoder } from 'node:string_decoder';
import { readEvent, type StreamEvent } from './stream-event.ts';

/** A line of a stream holds one event; one that does not end must not fill the memory. */
const MAX_LINE = 1 << 20;

/**
 * Reads a streamed answer as it comes: newline-delimited JSON (Ollama) or server-sent events (OpenAI's form). Chunks
 * coalesce on the way, so the times between tokens are per read; tokens are counted per event.
 */
export class TokenMeter {
  /** Milliseconds of the steady clock; undefined when there was no token. */
  firstAt: number | undefined;
  /** Between reads that brought tokens, milliseconds. */
  readonly gaps: number[] = [];
  /** What the engine said, all its events together. */
  reported: StreamEvent | undefined;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #lastAt = 0;
  #tokens = 0;
  #problem = '';
  #ended = false;
  #ndjson = false;
  /** What the answer said; the next turn of a session repeats it. */
  text = '';

  /** @param at milliseconds of the steady clock at which the bytes were read */
  take(bytes: Buffer, from: number, to: number, at: number, contentType: string): void {
    const sse = contentType === 'text/event-stream';
    this.#ndjson = !sse;
    const lines = (this.#line + this.#decoder.write(bytes.subarray(from, to))).split('\n');
    this.#line = lines.pop() as string;
    if (this.#line.length > MAX_LINE) {
      this.#problem ||= 'a line of the stream is over 1 MiB';
      this.#line = '';
    }
    const before = this.#tokens;
    for (const line of lines) this.#takeLine(line, sse);
    if (this.#tokens === before) return;
    if (this.firstAt === undefined) this.firstAt = at;
    else this.gaps.push(at - this.#lastAt);
    this.#lastAt = at;
  }

  /** The answer is complete; the last line need not end. */
  end(): void {
    if (this.#line !== '') this.#takeLine(this.#line, !this.#ndjson);
    this.#line = '';
  }

  /** What the engine says, else the events with text that were seen. */
  get outputTokens(): number {
    return this.reported?.outputTokens ?? this.#tokens;
  }

  /** What is wrong with the stream, in words; empty when nothing is. */
  get problem(): string {
    if (this.#problem !== '') return this.#problem;
    if (this.#tokens === 0) return 'the stream brought no token';
    return this.#ndjson && !this.#ended ? 'the stream ended before its last event' : '';
  }

  #takeLine(line: string, sse: boolean): void {
    const text = line.trim();
    if (text === '' || text.startsWith(':')) return;
    if (sse && !text.startsWith('data:')) return;
    const event = readEvent(sse ? text.slice(5).trim() : text);
    if (event === undefined) this.#problem ||= 'an event of the stream is not JSON';
    else if (event.error !== undefined) this.#problem ||= `the stream reports an error: ${event.error}`;
    else {
      if (event.hasText) this.#tokens++;
      if (event.last) this.#ended = true;
      this.reported = { ...this.reported, ...event };
    }
  }
}
