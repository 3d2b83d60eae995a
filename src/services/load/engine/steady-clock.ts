/** Of the machine's monotonic clock; reading it makes a BigInt, which is too dear for every request. */
function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * How far this thread's `performance.now()`, the same clock from another zero, is behind. What lies between the two
 * readings counts too, so the smallest of several differences is the closest.
 */
const OFFSET = Math.min(
  ...Array.from({ length: 16 }, () => {
    const own = performance.now();
    return machineNow() - own;
  }),
);

/** Milliseconds of the machine's monotonic clock: the same in every thread and process, unlike `performance.now()`. */
export function steadyNow(): number {
  return performance.now() + OFFSET;
}
