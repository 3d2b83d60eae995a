import type { ServerResponse } from 'node:http';
import { EngineError } from './engine-error.ts';
import { EventStream, type Events } from './event-stream.ts';
import { type Fault, sendWhole } from './faults.ts';
import { FaultyStream } from './faulty-stream.ts';
import { sendBody } from './http.ts';
import type { TaskTiming } from './runner.ts';
import type { Ending, Piece, Wire } from './wire.ts';

const NS_PER_MS = 1e6;

/** One request to a route that generates. */
export interface Call {
  readonly outgoing: ServerResponse;
  readonly wire: Wire;
  readonly fault: Fault | undefined;
}

/** One answer, whole or as a stream of events. */
export class Answer {
  readonly #call: Call;
  readonly #passedMs: () => number;
  readonly #loadMs: number;
  #events: Events | undefined;

  /** Made when the model is loaded. @param passedMs since the request arrived */
  constructor(call: Call, passedMs: () => number) {
    this.#call = call;
    this.#passedMs = passedMs;
    this.#loadMs = passedMs();
  }

  get streamed(): boolean {
    return this.#call.wire.streamed;
  }

  /** A piece of a stream. A promise where the reader does not keep up. */
  part(piece: Piece): Promise<void> | undefined {
    return this.#stream().send(this.#call.wire.piece(piece));
  }

  /** @param said all of it, for an answer that is no stream */
  finish(timing: TaskTiming, end: Omit<Ending, 'durations'>, said: () => Piece): void {
    const ending: Ending = { ...end, durations: this.#durations(timing) };
    const { outgoing, wire, fault } = this.#call;
    if (wire.streamed) {
      this.#stream().end(wire.ending(ending));
      return;
    }
    sendWhole(outgoing, wire.whole(said(), ending), wire.types.whole, fault, wire.failure);
  }

  fail(error: unknown, type = this.#call.wire.types.failure): void {
    sendFailure(this.#call.outgoing, error, this.#call.wire.failure, type);
  }

  #stream(): Events {
    const { outgoing, wire, fault } = this.#call;
    this.#events ??= fault ? new FaultyStream(outgoing, wire, fault) : new EventStream(outgoing, wire.types.stream);
    return this.#events;
  }

  /** Durations in nanoseconds. What is 0 is left out, as in Ollama; getting at the model always took something. */
  #durations({ promptMs, outputMs }: TaskTiming): Record<string, number> {
    const load_duration = Math.max(1, Math.round(this.#loadMs * NS_PER_MS));
    const prompt_eval_duration = Math.round(promptMs * NS_PER_MS);
    const eval_duration = Math.round(outputMs * NS_PER_MS);
    const total = Math.round(this.#passedMs() * NS_PER_MS);
    return {
      total_duration: Math.max(total, load_duration + prompt_eval_duration + eval_duration),
      load_duration,
      ...(prompt_eval_duration > 0 ? { prompt_eval_duration } : {}),
      ...(eval_duration > 0 ? { eval_duration } : {}),
    };
  }
}

/** Answers with an error, in the route's form. */
export function sendFailure(outgoing: ServerResponse, error: unknown, form: Wire['failure'], type: string): void {
  const status = error instanceof EngineError ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  sendBody(outgoing, status, form(status, message), type);
}
