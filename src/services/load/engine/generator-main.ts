import { reasonOf } from '../../../errors.ts';
import { dataOf } from '../workload/loaded.ts';
import { descriptorLimit } from './descriptors.ts';
import { type PointRun, startPoint } from './point-run.ts';
import type { Order, Report, RunOrder } from './protocol.ts';
import { RequestTemplate } from './request-template.ts';
import { Ticker } from './ticker.ts';

// The generator process: takes orders from the sweep that forked it and offers load, nothing else. It has a process of
// its own because whatever shares its event loop shows up in the lateness of its requests.

const report = (message: Report): void => {
  // A parent that is gone ends this process through `disconnect`; there is nobody to tell.
  process.send?.(message, undefined, undefined, () => {});
};

// A flood of refused connections is a flood of errors, and most of the cost of one is its stack, which nobody sees.
Error.stackTraceLimit = 0;

/** Reads the files of an order, and makes a request: what is made once for all is made then. */
async function prepare(order: RunOrder): Promise<void> {
  new RequestTemplate(order, await dataOf(order.workload)).request(0);
}

const ticker = new Ticker();
let point: Promise<PointRun> | undefined;

process.on('message', (order: Order) => {
  if (order.type === 'prepare') {
    prepare(order.order).then(
      () => report({ type: 'prepared' }),
      (error: unknown) => report({ type: 'prepared', problem: reasonOf(error) }),
    );
  } else if (order.type === 'run') point = startPoint(order, { ticker, report });
  // Perhaps while the target's name is still looked up.
  else void point?.then((started) => started.stop(order.graceMs));
});

// Ctrl-C reaches the whole process group: how to stop is for the parent to say. When it is gone, so is this.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));

await ticker.ready;
report({ type: 'ready', descriptorLimit: descriptorLimit() });
