import type { ServerResponse } from 'node:http';
import { SIMULATED_HEADER } from './http.ts';

/** Characters that are put together where many events are made at once. */
const WRITE_CHARS = 16_384;

/** Where the events of an answer go. */
export interface Events {
  /** A promise where the reader does not keep up: it resolves when there is room again. */
  send(event: string): Promise<void> | undefined;
  /** Sends the last events, and ends the answer. */
  end(events: string): void;
}

/** Events as they are made: those of one moment are one write. */
export class EventStream implements Events {
  readonly #outgoing: ServerResponse;
  #text = '';
  #isDue = false;
  #drained: Promise<void> | undefined;

  constructor(outgoing: ServerResponse, type: string) {
    this.#outgoing = outgoing;
    if (!outgoing.destroyed) outgoing.writeHead(200, { 'content-type': type, [SIMULATED_HEADER]: '1' });
  }

  send(event: string): Promise<void> | undefined {
    this.#text += event;
    if (this.#text.length >= WRITE_CHARS) this.flush();
    else if (!this.#isDue) {
      this.#isDue = true;
      queueMicrotask(() => this.flush());
    }
    if (!this.#outgoing.writableNeedDrain) return undefined;
    this.#drained ??= new Promise((resolve) => {
      this.#outgoing.once('drain', () => {
        this.#drained = undefined;
        resolve();
      });
    });
    return this.#drained;
  }

  end(events: string): void {
    const text = this.#text + events;
    this.#text = '';
    if (!this.#outgoing.destroyed) this.#outgoing.end(text);
  }

  flush(): void {
    this.#isDue = false;
    const text = this.#text;
    this.#text = '';
    if (text !== '' && !this.#outgoing.destroyed) this.#outgoing.write(text);
  }
}
