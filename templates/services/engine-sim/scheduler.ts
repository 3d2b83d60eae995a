import type { Model, ModelStore } from './models.ts';
import type { ProcessorSharing } from './processor-sharing.ts';
import type { SimSettings } from './settings.ts';

export interface Task {
  readonly model: Model;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Milestones for every token instead of the last one only. */
  readonly stream: boolean;
  readonly keepAliveMs: number;
  onToken?(index: number): void;
  onDone(timing: TaskTiming): void;
}

/** Milliseconds. */
export interface TaskTiming {
  readonly totalMs: number;
  readonly loadMs: number;
  readonly promptMs: number;
  readonly outputMs: number;
}

/** What the simulation has done, for tests and for whoever watches it. */
export interface SchedulerCounts {
  active: number;
  queued: number;
  started: number;
  finished: number;
  cancelled: number;
  refused: number;
  max_active: number;
}

interface Waiting {
  readonly name: string;
  readonly start: () => void;
}

/** Ollama's scheduling: slots per model, one bounded queue for the server; and one machine under all of it. */
export class Scheduler {
  readonly counts: SchedulerCounts = {
    active: 0,
    queued: 0,
    started: 0,
    finished: 0,
    cancelled: 0,
    refused: 0,
    max_active: 0,
  };
  readonly #settings: SimSettings;
  readonly #models: ModelStore;
  readonly #machine: ProcessorSharing;
  readonly #slots = new Map<string, number>();
  readonly #queue = new Set<Waiting>();

  constructor(settings: SimSettings, models: ModelStore, machine: ProcessorSharing) {
    this.#settings = settings;
    this.#models = models;
    this.#machine = machine;
  }

  /** Queues or starts a task. Returns the way to cancel it, or undefined when the queue is full. */
  submit(task: Task): (() => void) | undefined {
    const arrivedAt = this.#machine.now;
    const { name } = task.model;
    if (this.#busy(name) < this.#settings.parallel) return this.#start(task, arrivedAt);
    if (this.#queue.size >= this.#settings.maxQueue) {
      this.counts.refused++;
      return undefined;
    }
    let cancelRunning: (() => void) | undefined;
    const waiting: Waiting = {
      name,
      start: () => {
        cancelRunning = this.#start(task, arrivedAt);
      },
    };
    this.#queue.add(waiting);
    this.counts.queued = this.#queue.size;
    return () => {
      if (cancelRunning) return cancelRunning();
      if (!this.#queue.delete(waiting)) return;
      this.counts.queued = this.#queue.size;
      this.counts.cancelled++;
    };
  }

  #start(task: Task, arrivedAt: number): () => void {
    const { name } = task.model;
    this.#slots.set(name, this.#busy(name) + 1);
    this.counts.started++;
    this.counts.active++;
    this.counts.max_active = Math.max(this.counts.max_active, this.counts.active);
    const startedAt = this.#machine.now;
    let over = false;
    let leaveMachine: (() => void) | undefined;
    const end = () => {
      over = true;
      this.#models.release(name, task.keepAliveMs);
      this.#slots.set(name, this.#busy(name) - 1);
      this.counts.active--;
      this.#startNext(name);
    };
    const run = () => {
      if (over) return;
      const loadMs = this.#machine.now - startedAt;
      leaveMachine = this.#occupy(task, arrivedAt, loadMs, () => {
        this.counts.finished++;
        end();
      });
    };
    const { wait } = this.#models.use(name);
    if (wait) void wait.then(run);
    else run();
    return () => {
      if (over) return;
      this.counts.cancelled++;
      leaveMachine?.();
      end();
    };
  }

  /** Puts the task on the machine: the prompt first, then the tokens. */
  #occupy(task: Task, arrivedAt: number, loadMs: number, finished: () => void): () => void {
    const promptWork = (task.promptTokens / this.#settings.promptTokensPerSecond) * 1000;
    const tokenWork = 1000 / this.#settings.outputTokensPerSecond;
    const work = task.stream
      ? [promptWork, ...Array.from({ length: task.outputTokens }, () => tokenWork)]
      : [promptWork, tokenWork * task.outputTokens];
    const onMachineAt = this.#machine.now;
    let promptDoneAt = onMachineAt;
    return this.#machine.add({
      work,
      onMilestone: (index, at) => {
        if (index === 0) promptDoneAt = at;
        else if (task.stream) task.onToken?.(index - 1);
        if (index < work.length - 1) return;
        finished();
        task.onDone({
          totalMs: at - arrivedAt,
          loadMs,
          promptMs: promptDoneAt - onMachineAt,
          outputMs: at - promptDoneAt,
        });
      },
    });
  }

  #startNext(name: string): void {
    for (const waiting of this.#queue) {
      if (waiting.name !== name) continue;
      this.#queue.delete(waiting);
      this.counts.queued = this.#queue.size;
      waiting.start();
      return;
    }
  }

  #busy(name: string): number {
    return this.#slots.get(name) ?? 0;
  }
}
