import { EventEmitter, once } from 'node:events';

/** What an operator asks of a running sweep: one channel between the two, in one process. */
export type SweepControl = ReturnType<typeof createSweepControl>;

export function createSweepControl() {
  let paused = false;
  let stopped = false;
  const asked = new EventEmitter<{ skip: []; stop: []; resume: [] }>();
  const subscribe = (what: 'skip' | 'stop', listener: () => void) => {
    asked.on(what, listener);
    return () => void asked.off(what, listener);
  };
  return {
    /** The sweep shall not begin the next point. */
    get paused() {
      return paused;
    },
    /** The sweep shall end and keep what it has; never taken back. */
    get stopped() {
      return stopped;
    },
    /** Whether a sweep listens: keys that nobody obeys are better not offered. */
    get attended() {
      return asked.listenerCount('stop') > 0;
    },
    /** Calls `listener` when the rest of the running point is not wanted; returns what takes it away again. */
    onSkip: (listener: () => void) => subscribe('skip', listener),
    /** Calls `listener` when the sweep shall end, at once when that was asked before. */
    onStop(listener: () => void) {
      if (stopped) listener();
      return subscribe('stop', listener);
    },
    /** Resolves when the operator goes on or stops, or when `signal` aborts; never rejects. */
    async waitWhilePaused(signal: AbortSignal): Promise<void> {
      if (paused) await once(asked, 'resume', { signal }).catch(() => {});
    },
    togglePause() {
      if (stopped) return;
      paused = !paused;
      if (!paused) asked.emit('resume');
    },
    /** @returns whether a point was running that could be skipped */
    skip: () => asked.emit('skip'),
    stop() {
      if (stopped) return;
      stopped = true;
      paused = false;
      asked.emit('stop');
      asked.emit('resume');
    },
  };
}
