import { setTimeout as sleep } from 'node:timers/promises';
import type { Cloud } from './cloud.ts';

/** Runs each work again and again, never twice at once. What it fails with is noted once. */
export function runLoops(
  cloud: Cloud,
  works: readonly (readonly [everyMs: number, work: () => Promise<void> | void])[],
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = works.map(async ([everyMs, work]) => {
    const seen = new Set<string>();
    while (!stopping.signal.aborted) {
      try {
        await work();
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        if (!seen.has(text)) cloud.problems.push(text);
        seen.add(text);
      }
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  });
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}
