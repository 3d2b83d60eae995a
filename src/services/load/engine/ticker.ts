import { MessageChannel, Worker } from 'node:worker_threads';
import type { TimetableData } from '../schedule/timetable.ts';
import { siblingModule } from './sibling.ts';

/** Places in the shared flags: the number of the schedule that runs, whether its owner has a tick to answer, and changes. */
export const RUNNING = 0;
export const PENDING = 1;
/** Goes up with everything that the thread has to look at; it sleeps on this one. */
export const CHANGED = 2;

/** What thread and owner share. */
export interface TickerMemory {
  readonly flags: Int32Array;
  /** When the owner wants to be woken besides, milliseconds of the steady clock. */
  readonly alarm: Float64Array;
}

/** A generator's part of a schedule, as the thread gets it; it ends when another number is the running one. */
export interface NumberedSchedule extends TimetableData {
  /** Milliseconds of the steady clock. */
  readonly t0: number;
  readonly number: number;
}

/**
 * Wakes its owner whenever a request of the schedule is due, and at one further instant that may move. It may wake it once
 * for nothing after a new start: what is due is for the owner to compute.
 */
export class Ticker {
  readonly #flags = new Int32Array(new SharedArrayBuffer(12));
  readonly #alarm = new Float64Array(new SharedArrayBuffer(8));
  readonly #port;
  readonly #worker: Worker;
  /** Its thread is there: what is started before is ticked late. */
  readonly ready: Promise<void>;
  #onTick: () => void = () => {};

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(siblingModule(import.meta.url, 'ticker-thread'), {
      workerData: { flags: this.#flags, alarm: this.#alarm, port: port2 },
      transferList: [port2],
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#port.on('message', () => {
      resolve();
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

  /** Wakes the owner of the running schedule at this instant too; only the latest one holds. Infinite: at none. */
  alarm(at: number): void {
    if (this.#alarm[0] === at) return;
    this.#alarm[0] = at;
    this.#change();
  }

  /** Ends the running schedule; the thread stays for the next one. */
  stop(): void {
    this.#onTick = () => {};
    this.#alarm[0] = Number.POSITIVE_INFINITY;
    Atomics.add(this.#flags, RUNNING, 1);
    this.#change();
  }

  async close(): Promise<void> {
    this.stop();
    this.#port.close();
    await this.#worker.terminate();
  }

  #change(): void {
    Atomics.add(this.#flags, CHANGED, 1);
    Atomics.notify(this.#flags, CHANGED);
  }
}
