import type { Clock } from '../../../templates/services/engine-sim/processor-sharing.ts';

/** A clock that jumps from timer to timer, each fired `lateMs` after it was due. */
export function fakeClock(lateMs = 0) {
  let now = 0;
  const timers = new Set<{ at: number; fire: () => void }>();
  const clock: Clock = {
    now: () => now,
    setTimer(ms, fire) {
      const timer = { at: now + ms, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const runUntil = (end: number) => {
    for (;;) {
      const [next] = [...timers].sort((x, y) => x.at - y.at);
      if (!next || next.at > end) break;
      timers.delete(next);
      now = Math.max(now, next.at + lateMs);
      next.fire();
    }
    now = Math.max(now, end);
  };
  return { clock, runUntil };
}
