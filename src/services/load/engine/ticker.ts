import { MessageChannel, Worker } from 'node:worker_threads';
import type { TimetableData } from '../schedule/timetable.ts';
import { siblingModule } from './sibling.ts';

/** Places in the shared flags: the number of the schedule that runs, and whether its owner has a tick to answer. */
export const RUNNING = 0;
export const PENDING = 1;

/** A generator's part of a schedule, as the thread gets it; it ends when another number is the running one. */
export interface NumberedSchedule extends TimetableData {
  /** Milliseconds of the steady clock. */
  readonly t0: number;
  readonly number: number;
}

/**
 * Wakes its owner whenever a request of the schedule is due. It may wake it once for nothing after a new start: what is
 * due is for the owner to compute.
 */
export class Ticker {
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  readonly #port;
  readonly #worker: Worker;
  #onTick: () => void = () => {};

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(siblingModule(import.meta.url, 'ticker-thread'), {
      workerData: { flags: this.#flags, port: port2 },
      transferList: [port2],
    });
    this.#port.on('message', () => {
      // Before the work: what falls due while it is done earns a message of its own.
      Atomics.store(this.#flags, PENDING, 0);
      this.#onTick();
    });
  }

  start(schedule: Omit<NumberedSchedule, 'number'>, onTick: () => void): void {
    this.stop();
    this.#onTick = onTick;
    Atomics.store(this.#flags, PENDING, 0);
    this.#port.postMessage({ ...schedule, number: Atomics.load(this.#flags, RUNNING) } satisfies NumberedSchedule);
  }

  /** Ends the running schedule; the thread stays for the next one. */
  stop(): void {
    this.#onTick = () => {};
    Atomics.add(this.#flags, RUNNING, 1);
    Atomics.notify(this.#flags, RUNNING);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.stop();
    this.#port.close();
    await this.#worker.terminate();
  }
}
