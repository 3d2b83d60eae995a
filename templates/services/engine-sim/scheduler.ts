import { EngineError } from './engine-error.ts';
import type { Model } from './models.ts';
import { fits, type RunnerOptions } from './options.ts';
import type { Clock } from './processor-sharing.ts';
import { Runner, type RunnerDeps } from './runner.ts';

/** Somebody who needs a model, for the length of one HTTP request. */
export interface Claim {
  readonly model: Model;
  readonly options: RunnerOptions;
  /** How long the model is to be kept afterwards; undefined leaves that as it is. */
  readonly keepAliveMs: number | undefined;
  onRunner(runner: Runner): void;
  onError(error: EngineError): void;
}

interface Request extends Claim {
  /** Its caller has left, or it has been answered. */
  over: boolean;
  runner: Runner | undefined;
  /** Stops the load that was begun for it. */
  abortLoad: (() => void) | undefined;
}

/**
 * A load, in parts of its time (measured with 0.17.4): a runner is started, and nobody gets past the lock meanwhile; it
 * is fitted into memory, and who asks for a model that is not loaded has to queue; its weights are read, and who asks for
 * it waits for it.
 */
const STARTING = 0.1;
const FITTING = 0.35;
/** What unloading takes, and at most a tenth of a load. */
const UNLOAD_MS = 100;
const LOAD_FAILED =
  'model failed to load, this may be due to resource limitations or an internal error, check ollama server logs for details';
/** setTimeout's longest. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Ollama's scheduler (`server/sched.go` of 0.17.4): which model is loaded, with which options, until when. A loaded
 * model takes every request; the rest goes through one queue of `OLLAMA_MAX_QUEUE`, which loads one model after the
 * other and refuses what it cannot hold.
 */
export class Scheduler {
  readonly #deps: RunnerDeps;
  readonly #clock: Clock;
  /** Wall clock, in milliseconds. */
  readonly #wallNow: () => number;
  readonly #loaded = new Map<string, Runner>();
  readonly #pending: Request[] = [];
  #current: Request | undefined;
  /** Goes on with the current one after something was unloaded. */
  #afterUnload: (() => void) | undefined;
  #locks = 0;
  #atLock: (() => void)[] = [];

  constructor(deps: RunnerDeps, clock: Clock, wallNow: () => number) {
    this.#deps = deps;
    this.#clock = clock;
    this.#wallNow = wallNow;
  }

  /** Gets a runner for a claim. Returns what ends the claim: the model is let go, or not waited for any more. */
  claim(claim: Claim): () => void {
    const request: Request = {
      ...claim,
      onRunner: (runner) => claim.onRunner(runner),
      onError: (error) => claim.onError(error),
      over: false,
      runner: undefined,
      abortLoad: undefined,
    };
    this.#arrive(request);
    return () => {
      if (request.over) return;
      request.over = true;
      if (request.runner) this.#release(request.runner);
      else this.#deps.counts.cancelled++;
      const waiting = this.#pending.indexOf(request);
      if (waiting >= 0) {
        this.#pending.splice(waiting, 1);
        this.#deps.counts.queued--;
      }
      request.abortLoad?.();
    };
  }

  /** `keep_alive: 0` without a prompt: the model goes as soon as nobody holds it. */
  expire(model: Model): void {
    const runner = this.#loaded.get(model.blob);
    if (!runner) return;
    runner.expiresAt = this.#wallNow();
    this.#expireNow(runner);
  }

  /** What `/api/ps` lists, the longest kept first: also a model whose weights are still read, or that is just unloaded. */
  running(): { runner: Runner; expiresAt: number }[] {
    return [...this.#loaded.values()]
      .map((runner) => ({ runner, expiresAt: runner.expiresAt ?? this.#wallNow() + runner.sessionMs }))
      .sort((one, other) => other.expiresAt - one.expiresAt);
  }

  #arrive(request: Request): void {
    if (request.over) return;
    if (this.#locks > 0) {
      this.#atLock.push(() => this.#arrive(request));
      return;
    }
    const runner = this.#loaded.get(request.model.blob);
    if (runner?.state === 'loading') {
      runner.waiting.push(() => this.#arrive(request));
    } else if (runner && fits(runner.options, request.options)) {
      this.#use(runner, request);
    } else if (!this.#current) {
      this.#schedule(request);
    } else if (this.#pending.length < this.#deps.settings.maxQueue) {
      this.#pending.push(request);
      this.#deps.counts.queued++;
    } else {
      this.#deps.counts.refused++;
      request.over = true;
      request.onError(new EngineError(503, 'server busy, please try again.  maximum pending requests exceeded'));
    }
  }

  #schedule(request: Request): void {
    this.#current = request;
    if (request.over) {
      this.#scheduleNext();
      return;
    }
    const runner = this.#loaded.get(request.model.blob);
    if (runner?.state === 'loading') {
      runner.waiting.push(() => this.#schedule(request));
      return;
    }
    if (runner && fits(runner.options, request.options)) {
      this.#use(runner, request);
      this.#scheduleNext();
      return;
    }
    const inTheWay = runner ?? this.#oneTooMany();
    if (!inTheWay) {
      this.#load(request);
      return;
    }
    this.#afterUnload = () => this.#schedule(request);
    this.#expireNow(inTheWay);
  }

  #scheduleNext(): void {
    this.#current = undefined;
    const next = this.#pending.shift();
    if (!next) return;
    this.#deps.counts.queued--;
    this.#schedule(next);
  }

  #load(request: Request): void {
    const { settings, spread, counts } = this.#deps;
    const loadMs = settings.loadMs * spread.factor();
    const sessionMs = request.keepAliveMs ?? settings.keepAliveMs;
    const runner = new Runner(request.model, request.options, sessionMs, this.#deps);
    counts.loads++;
    this.#lock(loadMs * STARTING, () => {
      if (request.over) {
        this.#scheduleNext();
        return undefined;
      }
      const fitted = () => {
        if (request.options.num_batch > 0) this.#readWeights(runner, request, loadMs * (1 - STARTING - FITTING));
        else this.#failLoad(request);
      };
      this.#loadPart(request, loadMs * FITTING, fitted, () => this.#scheduleNext());
      return undefined;
    });
  }

  #failLoad(request: Request): void {
    request.over = true;
    request.onError(new EngineError(500, LOAD_FAILED));
    this.#scheduleNext();
  }

  #readWeights(runner: Runner, request: Request, ms: number): void {
    this.#loaded.set(runner.model.blob, runner);
    // The next one may be loaded while the weights of this one are read.
    this.#scheduleNext();
    const ready = () => {
      runner.state = 'ready';
      this.#use(runner, request);
      this.#wake(runner);
    };
    this.#loadPart(request, ms, ready, () => {
      this.#loaded.delete(runner.model.blob);
      this.#wake(runner);
    });
  }

  /** A part of a load, which ends with the caller for whom the model is loaded. */
  #loadPart(request: Request, ms: number, then: () => void, aborted: () => void): void {
    if (ms <= 0) {
      then();
      return;
    }
    const stop = this.#clock.setTimer(ms, () => {
      request.abortLoad = undefined;
      then();
    });
    request.abortLoad = () => {
      stop();
      aborted();
    };
  }

  #wake(runner: Runner): void {
    for (const go of runner.waiting.splice(0)) go();
  }

  #use(runner: Runner, request: Request): void {
    runner.users++;
    runner.cancelExpiry?.();
    runner.cancelExpiry = undefined;
    // Also of a model that is to make room: it then stays, and who waits for the room waits on, as in Ollama.
    if (request.keepAliveMs !== undefined) runner.sessionMs = request.keepAliveMs;
    request.runner = runner;
    request.onRunner(runner);
  }

  #release(runner: Runner): void {
    runner.users--;
    if (runner.users > 0 || runner.state === 'unloading') return;
    if (runner.sessionMs <= 0) {
      this.#unload(runner);
      return;
    }
    runner.expiresAt = this.#wallNow() + runner.sessionMs;
    if (runner.sessionMs === Infinity) return;
    runner.cancelExpiry = this.#clock.setTimer(Math.min(runner.sessionMs, MAX_TIMER_MS), () => this.#unload(runner));
  }

  #expireNow(runner: Runner): void {
    if (runner.state === 'loading') {
      runner.waiting.push(() => this.#expireNow(runner));
      return;
    }
    runner.cancelExpiry?.();
    runner.cancelExpiry = undefined;
    runner.sessionMs = 0;
    if (runner.users === 0 && runner.state === 'ready') this.#unload(runner);
  }

  #unload(runner: Runner): void {
    runner.state = 'unloading';
    this.#lock(Math.min(UNLOAD_MS, this.#deps.settings.loadMs / 10), () => {
      this.#loaded.delete(runner.model.blob);
      const goOn = this.#afterUnload;
      this.#afterUnload = undefined;
      // Behind those that stood at the lock.
      return goOn;
    });
  }

  /** The one to unload for another model: one that nobody holds, the one that is kept shortest. */
  #oneTooMany(): Runner | undefined {
    if (this.#loaded.size < this.#deps.settings.maxLoaded) return undefined;
    const runners = [...this.#loaded.values()].sort((one, other) => one.sessionMs - other.sessionMs);
    return runners.find(({ users }) => users === 0) ?? runners[0];
  }

  /** Nobody arrives for so long; then comes `done`, then those that came meanwhile, and then what `done` returned. */
  #lock(ms: number, done: () => (() => void) | undefined): void {
    const unlock = () => {
      this.#locks--;
      const last = done();
      if (this.#locks === 0) for (const go of this.#atLock.splice(0)) go();
      last?.();
    };
    this.#locks++;
    if (ms > 0) this.#clock.setTimer(ms, unlock);
    else unlock();
  }
}
