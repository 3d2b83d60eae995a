/** Longest drain of a point, seconds: nothing is open longer than its timeout. */
export function longestDrain(plan: { readonly drainSeconds: number; readonly timeoutSeconds: number }): number {
  return Math.min(plan.drainSeconds, plan.timeoutSeconds);
}
