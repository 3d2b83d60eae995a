import { LineSplitter, MAX_EVENT_BYTES, tooLarge } from './lines.ts';

/** Takes one message of a stream: its text, and whether the stream calls it an error. */
export type TakeMessage = (text: string, isError: boolean) => void;

/** How messages are put into a stream of bytes. Throws an `EngineFault` for one above 1 MiB. */
export interface Framing {
  push(bytes: Buffer): void;
  /** The stream has ended: takes what has no end of its own. */
  end(): void;
}

/** One message per line, as Ollama has it. */
export class JsonLines implements Framing {
  readonly #take: TakeMessage;
  readonly #lines = new LineSplitter();

  constructor(take: TakeMessage) {
    this.#take = take;
  }

  push(bytes: Buffer): void {
    this.#takeAll(this.#lines.push(bytes));
  }

  end(): void {
    this.#takeAll(this.#lines.end());
  }

  #takeAll(lines: readonly string[]): void {
    for (const line of lines) {
      if (line !== '' && line.trim() !== '') this.#take(line, false);
    }
  }
}

/**
 * Server-sent events, as HTML has them: `data:` lines with or without a space, several of them one message, comments and
 * other fields passed over. An `error:` field is llama-server's of old.
 */
export class EventStream implements Framing {
  readonly #take: TakeMessage;
  readonly #lines = new LineSplitter(true);
  #data: string | undefined;
  #isError = false;
  #begun = false;

  constructor(take: TakeMessage) {
    this.#take = take;
  }

  push(bytes: Buffer): void {
    this.#takeAll(this.#lines.push(bytes));
  }

  end(): void {
    this.#takeAll(this.#lines.end());
    // By the book it is dropped; an answer's last message without its empty line is one all the same.
    this.#dispatch();
  }

  #takeAll(lines: readonly string[]): void {
    for (const line of lines) {
      if (line === '') this.#dispatch();
      else this.#field(line);
    }
  }

  #field(line: string): void {
    const whole = this.#begun || line.charCodeAt(0) !== 0xfeff ? line : line.slice(1);
    this.#begun = true;
    if (whole.startsWith('data:')) this.#append(valueAfter(whole, 5));
    else if (whole.startsWith('error:')) {
      this.#isError = true;
      this.#append(valueAfter(whole, 6));
    } else if (whole.startsWith('event:')) this.#isError ||= valueAfter(whole, 6) === 'error';
  }

  #append(value: string): void {
    if (this.#data === undefined) {
      this.#data = value;
      return;
    }
    this.#data += `\n${value}`;
    if (this.#data.length > MAX_EVENT_BYTES) throw tooLarge();
  }

  #dispatch(): void {
    const data = this.#data;
    const isError = this.#isError;
    this.#data = undefined;
    this.#isError = false;
    if (data !== undefined && data !== '') this.#take(data, isError);
  }
}

function valueAfter(line: string, colon: number): string {
  return line.slice(line.charCodeAt(colon) === 0x20 ? colon + 1 : colon);
}
