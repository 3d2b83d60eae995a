import { EventStream } from '../../../page/event-stream.ts';
import { Progress, stepEventOf } from '../../../page/progress.ts';
import { oneLine } from './database.ts';
import { detailsOf, MAX_DETAILS, type TurnWrite } from './turn.ts';

/** Longer answers do not exist (the contract ends them at 8 MiB). */
const MAX_ANSWER = 8 << 20;
/** Of an answer in one piece: escaped, a character may be six. */
const MAX_WHOLE = 6 * MAX_ANSWER;

/** Reads an answer of `/v1/chat/completions` from its bytes: a stream of events, or one object. */
export class AnswerReader {
  readonly #progress: Progress;
  readonly #events = new EventStream();
  #isWhole: boolean | undefined;
  #whole: Buffer[] = [];
  #wholeLength = 0;
  #parts: string[] = [];
  #length = 0;
  #model: string | null = null;
  #details: string | null = null;
  #error: string | null = null;
  #finished = false;
  #done = false;
  #lost = false;
  begun = false;

  /** @param now milliseconds */
  constructor(now?: () => number) {
    this.#progress = new Progress(now);
  }

  get ended(): boolean {
    return this.#done || this.#error !== null;
  }

  /** The engine is a simulated one, which an answer without an end does not say. */
  set simulated(is: boolean) {
    this.#progress.simulated = is;
  }

  get result(): Omit<TurnWrite, 'question'> {
    const state = this.#error !== null ? 'failed' : this.#done && this.#finished ? 'complete' : 'stopped';
    return {
      answer: this.#parts.join(''),
      state,
      model: this.#model,
      error: this.#error,
      details: this.#details ?? detailsOf(this.#progress.measured),
    };
  }

  push(bytes: Uint8Array): void {
    if (this.#lost || bytes.length === 0) return;
    // Events begin with `data` or a colon.
    this.#isWhole ??= bytes[0] === 0x7b;
    if (!this.#isWhole) {
      this.#pushEvents(bytes);
      return;
    }
    this.#wholeLength += bytes.length;
    if (this.#wholeLength <= MAX_WHOLE) this.#whole.push(Buffer.from(bytes));
    else this.#lost = true;
  }

  /** All bytes have come: what came in one piece can be read. */
  end(): void {
    if (!this.#isWhole || this.#lost) return;
    const text = Buffer.concat(this.#whole).toString();
    this.#whole = [];
    this.#take(text);
    this.#done = true;
  }

  #pushEvents(bytes: Uint8Array): void {
    try {
      for (const data of this.#events.push(bytes)) this.#take(data);
    } catch {
      // An event longer than any that there is: whoever only looks on must not be in its way.
      this.#lost = true;
    }
  }

  #take(data: string): void {
    this.begun = true;
    if (data === '[DONE]') {
      this.#done = true;
      return;
    }
    // biome-ignore lint/suspicious/noExplicitAny: this service's own events, read defensively
    let event: any;
    try {
      event = JSON.parse(data);
    } catch {
      return;
    }
    if (event?.error) this.#error = oneLine(String(event.error.message ?? event.error));
    if (typeof event?.model === 'string') this.#model = event.model.slice(0, 256);
    const step = stepEventOf(event);
    if (step) this.#progress.step(step);
    if (event?.chainctl) {
      const details = detailsOf(event.chainctl);
      if (details.length <= MAX_DETAILS) this.#details = details;
    }
    const choice = event?.choices?.[0];
    if (choice?.finish_reason) this.#finished = true;
    const said = choice?.delta ?? choice?.message;
    const text = said?.content || said?.refusal;
    if (typeof text !== 'string' || text === '' || this.#length > MAX_ANSWER) return;
    this.#progress.piece();
    this.#length += text.length;
    this.#parts.push(text);
  }
}
