/** Milliseconds of the machine's monotonic clock: the same in every thread and process, unlike `performance.now()`. */
export function steadyNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
