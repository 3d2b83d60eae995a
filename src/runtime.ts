import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './services/clock.ts';

/** The real clock: the only place, beside the load generators, where the domain's time comes from. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
