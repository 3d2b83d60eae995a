import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { reasonOf, remedy } from '../../../errors.ts';
import type { Order, Report, RunOrder } from '../engine/protocol.ts';
import { readColumns } from '../engine/record-columns.ts';
import { siblingModule } from '../engine/sibling.ts';
import type { Batch, LoadGenerator, PointEnd } from './load-generator.ts';

const CLOSE_MS = 2000;
/** A generator that has not said it is finished this long after it must have been is taken for dead. */
const SILENCE_MS = 10_000;
const STDERR_TAIL = 400;

/** The parent's handle of one generator process. */
export class LocalGenerator implements LoadGenerator {
  alive = true;
  descriptorLimit: number | undefined;
  readonly #child: ChildProcess;
  readonly #gone: Promise<string>;
  #stderr = '';
  #listener: (report: Report) => void = () => {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
    });
    this.#gone = new Promise((resolve) => {
      const leave = (why: string) => {
        this.alive = false;
        resolve(why);
      };
      child.once('error', (error) => leave(reasonOf(error)));
      child.once('exit', (code, signal) => leave(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    child.on('message', (report: Report) => this.#listener(report));
  }

  /**
   * Starts the process and waits until it takes orders.
   *
   * @param nurseryMb each half of the young generation, megabytes
   * @throws Error when it ends instead
   */
  static async start(nurseryMb: number): Promise<LocalGenerator> {
    const child = fork(siblingModule(import.meta.url, '../engine/generator-main'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [`--max-semi-space-size=${nurseryMb}`],
    });
    const generator = new LocalGenerator(child);
    const ready = once(child, 'message') as Promise<[Extract<Report, { type: 'ready' }>]>;
    const first = await Promise.race([ready, generator.#gone]);
    if (typeof first === 'string') {
      throw new Error(`the load generator did not start (${first}) ${generator.#stderr.trim()}`);
    }
    generator.descriptorLimit = first[0].descriptorLimit;
    return generator;
  }

  async prepare(order: RunOrder): Promise<void> {
    if (order.workload === undefined) return;
    const prepared = new Promise<string | undefined>((resolve) => {
      this.#listener = (report) => report.type === 'prepared' && resolve(report.problem);
    });
    this.#send({ type: 'prepare', order });
    const problem = await Promise.race([prepared, this.#gone]);
    this.#listener = () => {};
    if (problem !== undefined) throw remedy.usage('data-changed', problem);
  }

  async run(
    order: RunOrder,
    onBatch: (batch: Batch) => void,
    signal: AbortSignal,
    graceMs: number,
    satisfied?: AbortSignal,
  ): Promise<PointEnd> {
    let guard: NodeJS.Timeout | undefined;
    const guarded = (ms: number) => {
      clearTimeout(guard);
      guard = setTimeout(() => this.#child.kill('SIGKILL'), ms + SILENCE_MS);
    };
    const stopWithin = (ms: number) => {
      this.#send({ type: 'stop', graceMs: ms });
      guarded(ms);
    };
    const stop = () => stopWithin(graceMs);
    const end = () => stopWithin(order.drainMs);
    try {
      const finished = new Promise<PointEnd>((resolve) => {
        this.#listener = (report) => {
          if (report.type === 'batch')
            onBatch({
              records: readColumns(report.columns, order.concurrency !== undefined),
              progress: report.progress,
            });
          else if (report.type === 'finished') resolve(report);
        };
      });
      guarded(order.warmupMs + order.durationMs + order.drainMs);
      this.#send(order);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      satisfied?.addEventListener('abort', end, { once: true });
      const lost = this.#gone.then((why): PointEnd => ({ type: 'lost', why }));
      return await Promise.race([finished, lost]);
    } finally {
      clearTimeout(guard);
      signal.removeEventListener('abort', stop);
      satisfied?.removeEventListener('abort', end);
      this.#listener = () => {};
    }
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    const exited = once(this.#child, 'exit');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    if (this.#child.connected) this.#child.disconnect();
    await exited;
    clearTimeout(killer);
  }

  #send(order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => {});
  }
}
