/** Of the machine's monotonic clock; reading it makes a BigInt, which is too dear for every request. */
function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * How far this thread's `performance.now()`, the same clock from another zero, is behind. A reading in between two
 * others is off by what lies between them, so the closest of several counts.
 */
function offset(): number {
  let best = { gap: Number.POSITIVE_INFINITY, offset: 0 };
  for (let i = 0; i < 16; i++) {
    const before = performance.now();
    const machine = machineNow();
    const after = performance.now();
    if (after - before < best.gap) best = { gap: after - before, offset: machine - (before + after) / 2 };
  }
  return best.offset;
}

const OFFSET = offset();

/** Milliseconds of the machine's monotonic clock: the same in every thread and process, unlike `performance.now()`. */
export function steadyNow(): number {
  return performance.now() + OFFSET;
}
