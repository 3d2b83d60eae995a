import type { IncomingMessage, ServerResponse } from 'node:http';
import { EventStream } from '../../../page/event-stream.ts';
import { oneLine } from './database.ts';
import type { History } from './history.ts';
import type { TurnState } from './turn.ts';

/** Which turn of which conversation a chat is the answer to. Sent by the page; any client may. */
const CONVERSATION_HEADER = 'x-chainctl-conversation';
const TURN_HEADER = 'x-chainctl-turn';

/** An id that a client made: a UUID, for one. */
export const ID = /^[A-Za-z0-9_-]{8,64}$/;

/** Longer answers do not exist (the contract ends them at 8 MiB). */
const MAX_ANSWER = 8 << 20;
const MAX_DETAILS = 64 << 10;

/**
 * Looks on while an answer is sent, and keeps it when it ends, however it ends: also where the page has been closed, or its
 * reader stopped it. It sees what every reader of the stream sees, so it needs to know nothing of how answers are made;
 * chats without the headers are not looked at.
 */
export function keepAnswer(incoming: IncomingMessage, outgoing: ServerResponse, history: History): void {
  const conversation = incoming.headers[CONVERSATION_HEADER];
  const turn = incoming.headers[TURN_HEADER];
  if (!history.on || typeof conversation !== 'string' || typeof turn !== 'string') return;
  if (!ID.test(conversation) || !ID.test(turn)) return;
  const answer = new AnswerReader();
  let kept = false;
  const keep = () => {
    // Only what was really answered: a refusal has another status, and the page knows it.
    if (kept || outgoing.statusCode !== 200 || !answer.begun) return;
    kept = true;
    const write = { question: '', ...answer.result };
    // Said on stderr by `history`; the page finds out when it writes the same turn.
    void history.use((store) => store.put(conversation, turn, write), { writes: true }).catch(() => {});
  };
  const look = (chunk: unknown) => {
    if (outgoing.statusCode !== 200 || kept) return;
    if (typeof chunk === 'string') answer.push(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) answer.push(chunk);
    // Before the last bytes leave: it is kept, or on its way, when the page has seen them.
    if (answer.ended) keep();
  };
  const { write, end } = outgoing;
  outgoing.write = function (this: ServerResponse, ...args: unknown[]) {
    look(args[0]);
    return write.apply(this, args as never);
  } as typeof write;
  outgoing.end = function (this: ServerResponse, ...args: unknown[]) {
    look(args[0]);
    return end.apply(this, args as never);
  } as typeof end;
  outgoing.once('close', keep);
}

interface Result {
  readonly answer: string;
  readonly state: TurnState;
  readonly model: string | null;
  readonly error: string | null;
  readonly details: string | null;
}

/** Reads an answer of `/v1/chat/completions` from its bytes: a stream of events. */
export class AnswerReader {
  readonly #events = new EventStream();
  #parts: string[] = [];
  #length = 0;
  #model: string | null = null;
  #details: string | null = null;
  #error: string | null = null;
  #finished = false;
  #done = false;
  #lost = false;
  begun = false;

  get ended(): boolean {
    return this.#done || this.#error !== null;
  }

  get result(): Result {
    const state = this.#error !== null ? 'failed' : this.#done && this.#finished ? 'complete' : 'stopped';
    return {
      answer: this.#parts.join(''),
      state,
      model: this.#model,
      error: this.#error,
      details: this.#details,
    };
  }

  push(bytes: Uint8Array): void {
    if (this.#lost) return;
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
    if (event?.chainctl) {
      const details = JSON.stringify(event.chainctl);
      if (details.length <= MAX_DETAILS) this.#details = details;
    }
    const choice = event?.choices?.[0];
    if (choice?.finish_reason) this.#finished = true;
    const text = choice?.delta?.content || choice?.delta?.refusal;
    if (typeof text !== 'string' || this.#length > MAX_ANSWER) return;
    this.#length += text.length;
    this.#parts.push(text);
  }
}
