import type { Model } from './models.ts';
import type { RunnerOptions } from './options.ts';
import type { ProcessorSharing } from './processor-sharing.ts';
import { PromptCache } from './prompt-cache.ts';
import type { SimSettings } from './settings.ts';
import type { Spread } from './spread.ts';

/** One generation, as a runner sees it. */
export interface Task {
  readonly prompt: readonly number[];
  /** Milestones for every token instead of the last one only. */
  readonly stream: boolean;
  /** What the slot's cache holds afterwards. */
  cached(): readonly number[];
  /** Called when a slot is free: how many tokens it says, 0 to only read; throws what only the runner finds wrong. */
  begin(): number;
  /** A promise where whoever reads is slow: the next token is not made until it resolves. */
  onToken(index: number): Promise<void> | undefined;
  onDone(timing: TaskTiming): void;
  onError(error: unknown): void;
}

/** Milliseconds, as Ollama counts them: the first token belongs to the prompt. */
export interface TaskTiming {
  readonly promptMs: number;
  readonly outputMs: number;
}

/** What the simulation has done, for tests and for whoever watches it. */
export interface Counts {
  active: number;
  queued: number;
  started: number;
  finished: number;
  cancelled: number;
  refused: number;
  max_active: number;
  loads: number;
  /** Of answers; those of one that does not stream count at its end. */
  tokens: number;
}

export function noCounts(): Counts {
  return {
    active: 0,
    queued: 0,
    started: 0,
    finished: 0,
    cancelled: 0,
    refused: 0,
    max_active: 0,
    loads: 0,
    tokens: 0,
  };
}

/** What all runners of an engine share. */
export interface RunnerDeps {
  readonly settings: SimSettings;
  readonly machine: ProcessorSharing;
  readonly spread: Spread;
  readonly counts: Counts;
}

/** A loaded model: its slots, the unbounded queue before them, and a prompt cache for each. */
export class Runner {
  readonly model: Model;
  readonly options: RunnerOptions;
  /** Tokens; no more than the model was trained with. */
  readonly contextLength: number;
  state: 'loading' | 'ready' | 'unloading' = 'loading';
  /** Requests that hold it; it is not unloaded while there are any. */
  users = 0;
  /** How long it is kept when nobody holds it, in milliseconds. */
  sessionMs: number;
  /** On the wall clock; undefined until it was first let go. */
  expiresAt: number | undefined;
  cancelExpiry: (() => void) | undefined;
  /** Who asked for it while it was loading. */
  readonly waiting: (() => void)[] = [];
  readonly #deps: RunnerDeps;
  readonly #cache: PromptCache;
  readonly #queue = new Set<() => void>();
  #busy = 0;

  constructor(model: Model, options: RunnerOptions, sessionMs: number, deps: RunnerDeps) {
    this.model = model;
    this.options = options;
    this.contextLength = Math.min(options.num_ctx, model.family.contextLength);
    this.sessionMs = sessionMs;
    this.#deps = deps;
    this.#cache = new PromptCache(deps.settings.parallel);
  }

  /** Starts a task or lets it wait for a slot, however many wait. Returns the way to cancel it. */
  run(task: Task): () => void {
    const { counts, settings } = this.#deps;
    let stop: (() => void) | undefined;
    const start = () => {
      stop = this.#start(task);
    };
    if (this.#busy < settings.parallel) start();
    else {
      this.#queue.add(start);
      counts.queued++;
    }
    return () => {
      if (stop) return stop();
      if (!this.#queue.delete(start)) return;
      counts.queued--;
      counts.cancelled++;
    };
  }

  #start(task: Task): () => void {
    const { counts } = this.#deps;
    let outputTokens: number;
    try {
      outputTokens = task.begin();
    } catch (error) {
      task.onError(error);
      return () => {};
    }
    this.#busy++;
    counts.started++;
    counts.active++;
    counts.max_active = Math.max(counts.max_active, counts.active);
    const { slot, cached } = this.#cache.take(task.prompt);
    let over = false;
    const end = (held: readonly number[]) => {
      over = true;
      this.#cache.give(slot, held);
      this.#busy--;
      counts.active--;
      this.#startNext();
    };
    const { leave, hasRead } = this.#occupy(task, outputTokens, cached, (timing) => {
      counts.finished++;
      task.onDone(timing);
      end(task.cached());
    });
    return () => {
      if (over) return;
      leave();
      // What was due is settled first, and that may have been its end.
      if (over) return;
      counts.cancelled++;
      end(hasRead() ? task.prompt : task.prompt.slice(0, cached));
    };
  }

  /** Puts the task on the machine: what of the prompt is not cached, with the first token; then the other tokens. */
  #occupy(task: Task, outputTokens: number, cached: number, finished: (timing: TaskTiming) => void) {
    const { machine, settings, spread } = this.#deps;
    const tokenMs = (1000 / settings.outputTokensPerSecond) * spread.factor();
    const readMs = ((task.prompt.length - cached) * 1000 * spread.factor()) / settings.promptTokensPerSecond;
    const promptMs = readMs + (outputTokens > 0 ? tokenMs : 0);
    const others = Math.max(0, outputTokens - 1);
    const work = [promptMs, ...(task.stream ? Array.from({ length: others }, () => tokenMs) : [tokenMs * others])];
    const last = work.length - 1;
    const beganAt = machine.now;
    let readAt: number | undefined;
    const leave = machine.add({
      work,
      onMilestone: (index, at) => {
        if (index === 0) readAt = at;
        if (task.stream) this.#deps.counts.tokens++;
        const hold = task.stream ? task.onToken(index) : undefined;
        if (index < last) return hold;
        if (!task.stream) this.#deps.counts.tokens += outputTokens;
        finished({ promptMs: (readAt ?? at) - beganAt, outputMs: at - (readAt ?? at) });
        return undefined;
      },
    });
    return { leave, hasRead: () => readAt !== undefined };
  }

  #startNext(): void {
    for (const start of this.#queue) {
      if (this.#busy >= this.#deps.settings.parallel) return;
      this.#queue.delete(start);
      this.#deps.counts.queued--;
      start();
    }
  }
}
