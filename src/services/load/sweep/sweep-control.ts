/** What an operator has asked of a running sweep, as the sweep sees it. */
export interface SweepControl {
  /** The sweep shall not begin the next point. */
  readonly paused: boolean;
  /** The sweep shall end and keep what it has; never taken back. */
  readonly stopped: boolean;
  /** Calls `listener` when the rest of the running point is not wanted; returns what takes it away again. */
  onSkip(listener: () => void): () => void;
  /** Calls `listener` when the sweep shall end, at once when that was asked before. */
  onStop(listener: () => void): () => void;
  /** Resolves when the operator goes on or stops, or when `signal` aborts; never rejects. */
  waitWhilePaused(signal: AbortSignal): Promise<void>;
}

/** The side of whoever watches. */
export interface SweepOperator {
  readonly paused: boolean;
  readonly stopped: boolean;
  /** Whether a sweep listens: keys that nobody obeys are better not offered. */
  readonly attended: boolean;
  togglePause(): void;
  /** @returns whether a point was running that could be skipped */
  skip(): boolean;
  stop(): void;
}

/** One channel between an operator and a sweep, in one process. */
export function createSweepControl(): SweepControl & SweepOperator {
  let paused = false;
  let stopped = false;
  const skips = new Set<() => void>();
  const stops = new Set<() => void>();
  const waiting = new Set<() => void>();
  const subscribe = (listeners: Set<() => void>, listener: () => void) => {
    // One of its own per subscription, so that the same function may listen twice.
    const own = () => listener();
    listeners.add(own);
    return () => void listeners.delete(own);
  };
  const call = (listeners: ReadonlySet<() => void>) => {
    for (const listener of [...listeners]) listener();
  };
  return {
    get paused() {
      return paused;
    },
    get stopped() {
      return stopped;
    },
    get attended() {
      return stops.size > 0;
    },
    onSkip: (listener) => subscribe(skips, listener),
    onStop(listener) {
      if (stopped) listener();
      return subscribe(stops, listener);
    },
    async waitWhilePaused(signal) {
      if (!paused || stopped || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const goOn = () => resolve();
      waiting.add(goOn);
      signal.addEventListener('abort', goOn);
      await promise;
      waiting.delete(goOn);
      signal.removeEventListener('abort', goOn);
    },
    togglePause() {
      if (stopped) return;
      paused = !paused;
      if (!paused) call(waiting);
    },
    skip() {
      const heard = skips.size > 0;
      call(skips);
      return heard;
    },
    stop() {
      if (stopped) return;
      stopped = true;
      paused = false;
      call(stops);
      call(waiting);
    },
  };
}
