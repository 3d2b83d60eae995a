import { StringDecoder } from 'node:string_decoder';
import { excerpt } from '../chain/excerpt.ts';
import { parseJson } from '../words.ts';

/** What a stream came to: what is wrong with it, if anything is. */
export interface StreamEnd {
  readonly fault?: { readonly why: string; readonly remedy?: string };
  /** From the sending to the first text, seconds; undefined where none came. */
  readonly firstSeconds?: number;
  /** Events with text. */
  readonly pieces: number;
  readonly simulated: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** What is between two texts in time by the service's own word, and came at once, was held back by this part at least. */
const HELD = 0.9;
/** Below so many seconds a stream is too short to tell. */
const LONG_ENOUGH = 0.3;

/** Reads a streamed chat, and holds it to the order in which clients of OpenAI's API need its events. */
export class ChatStream {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #stage: 'role' | 'text' | 'usage' | 'marker' | 'over' = 'role';
  #why: string | undefined;
  #id: unknown;
  #first: number | undefined;
  #last = 0;
  #pieces = 0;
  #told: Fields = {};

  /** @param seconds since the request was sent */
  take(bytes: Buffer, seconds: number): void {
    this.#rest += this.#decoder.write(bytes);
    const lines = this.#rest.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#why ??= this.#line(line, seconds);
  }

  /** @param seconds since the request was sent, of the whole */
  end(seconds: number): StreamEnd {
    if (this.#stage !== 'over') this.#why ??= `it ended without ${MISSING[this.#stage]}`;
    const [first = 0, total = 0] = [this.#told.first_token_seconds, this.#told.total_seconds].map(Number);
    const [spread, came] = [total - first, this.#last - (this.#first ?? seconds)];
    const held =
      this.#pieces > 1 && spread > LONG_ENOUGH && came < (1 - HELD) * spread
        ? {
            why: `all text came at once, and was written in ${spread.toFixed(3)} s`,
            remedy: 'something in front of the service collects answers: turn its buffering off',
          }
        : undefined;
    const fault = this.#why === undefined ? held : { why: this.#why };
    return {
      ...(fault === undefined ? {} : { fault }),
      ...(this.#first === undefined ? {} : { firstSeconds: this.#first }),
      pieces: this.#pieces,
      simulated: this.#told.simulated === true,
    };
  }

  /** @returns what is wrong with it */
  #line(line: string, seconds: number): string | undefined {
    // Empty lines end events, and comments keep the connection open.
    if (line === '' || line.startsWith(':')) return undefined;
    if (!line.startsWith('data:')) return `a line is no event: ${excerpt(line)}`;
    const data = line.slice('data:'.length).trim();
    if (this.#stage === 'over') return 'something follows [DONE]';
    if (data === '[DONE]') return this.#marker();
    const event = parseJson(data);
    if (!isObject(event)) return `an event is no JSON object: ${excerpt(data)}`;
    if (event.error !== undefined) return `it reports: ${excerpt(messageOf(event))}`;
    this.#id ??= event.id;
    if (typeof event.id !== 'string' || event.id !== this.#id) return 'its events have not one id';
    return this.#event(event, seconds);
  }

  #event(event: Fields, seconds: number): string | undefined {
    const [choice] = Array.isArray(event.choices) ? event.choices : [];
    if (!isObject(choice)) {
      if (this.#stage !== 'usage') return 'an event without a choice stands before the end';
      if (!isObject(event.usage)) return 'the event after the end has no usage';
      this.#stage = 'marker';
      return undefined;
    }
    const delta = isObject(choice.delta) ? choice.delta : {};
    if (this.#stage === 'role') {
      if (delta.role !== 'assistant') return 'the first event has no role';
      this.#stage = 'text';
    }
    if (this.#stage !== 'text') return 'an event of the answer follows its end';
    if (choice.index !== 0) return 'a choice has no index';
    const isText = [delta.content, delta.reasoning_content].some((text) => typeof text === 'string' && text !== '');
    if (isText) {
      this.#first ??= seconds;
      this.#last = seconds;
      this.#pieces++;
    }
    if (typeof choice.finish_reason !== 'string') return undefined;
    if (this.#pieces === 0) return 'it brought no text';
    if (isObject(event.chainctl)) this.#told = event.chainctl;
    this.#stage = 'usage';
    return undefined;
  }

  #marker(): string | undefined {
    if (this.#stage !== 'marker') return `[DONE] came before ${MISSING[this.#stage]}`;
    this.#stage = 'over';
    return undefined;
  }
}

const MISSING = {
  role: 'an answer',
  text: 'a finish_reason',
  usage: 'the usage that was asked for',
  marker: '[DONE]',
  over: '',
} as const;

function messageOf({ error }: Fields): string {
  return isObject(error) && typeof error.message === 'string' ? error.message : JSON.stringify(error);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
