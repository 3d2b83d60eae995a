import { sweep } from './sweep.ts';

// A sweep of one point in a process that does nothing else: what it and its generators take of the memory is what a
// sweep takes. Says the point.

const [url, outFolder, ...numbers] = process.argv.slice(2);
const [rate = 0, durationSeconds = 0, drainSeconds = 0, maxInFlight = 0] = numbers.map(Number);
const report = await sweep(String(outFolder), {
  targetUrl: String(url),
  rates: [rate],
  ...{ durationSeconds, warmupSeconds: 0, timeoutSeconds: 180, drainSeconds, maxInFlight },
  ...{ preflight: false, probe: false },
});
process.send?.({ point: report.points[0] }, undefined, undefined, () => process.exit(0));
