import type { ServerResponse } from 'node:http';
import { EventStream, type Events } from './event-stream.ts';
import { BAD_LINE, cut, type Fault, RUNNER_FAILURE } from './faults.ts';
import type { Wire } from './wire.ts';

/** A stream that goes wrong after some of its events. */
export class FaultyStream implements Events {
  readonly #stream: EventStream;
  readonly #outgoing: ServerResponse;
  readonly #wire: Wire;
  readonly #fault: Fault;
  #sent = 0;
  /** It has gone wrong: nothing follows. */
  #isOver = false;

  constructor(outgoing: ServerResponse, wire: Wire, fault: Fault) {
    this.#stream = new EventStream(outgoing, wire.types.stream);
    this.#outgoing = outgoing;
    this.#wire = wire;
    this.#fault = fault;
  }

  send(event: string): Promise<void> | undefined {
    if (this.#sent++ === this.#fault.after) this.#goWrong();
    return this.#isOver ? FOR_EVER : this.#stream.send(event);
  }

  end(events: string): void {
    // A shorter answer goes wrong before its end.
    if (this.#sent <= this.#fault.after) this.#goWrong();
    if (!this.#isOver) this.#stream.end(events);
  }

  #goWrong(): void {
    const { mode, line } = this.#fault;
    if (mode === 'bad-line') {
      void this.#stream.send(this.#wire.spoilt(line ?? BAD_LINE));
      return;
    }
    this.#isOver = true;
    if (mode === 'end-early') this.#stream.end('');
    else if (mode === 'fail') this.#stream.end(this.#wire.lateFailure(line ?? RUNNER_FAILURE));
    else {
      this.#stream.flush();
      this.#outgoing.flushHeaders();
      if (mode === 'cut') cut(this.#outgoing);
    }
  }
}

/** A slot that is held until the caller leaves. */
const FOR_EVER = new Promise<void>(() => {});
