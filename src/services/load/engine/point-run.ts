import { bodyMaker } from '../prompt.ts';
import { arrivalsBefore, arrivalsWithin, intendedMs } from '../schedule/arrivals.ts';
import type { Outcome } from '../types.ts';
import { judgeAnswer } from './answer.ts';
import { Connections, resolveOnce } from './connections.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange, type WireEnd } from './exchange.ts';
import type { Progress, Report, RequestRecord, RunOrder } from './protocol.ts';
import type { Ticker } from './ticker.ts';

/** From the order to the first request: time for the ticker thread to fall asleep. */
const LEAD_MS = 20;
/** Requests issued in one go before the event loop may read answers: a backlog must not starve the sockets. */
const MAX_BURST = 64;
/** What is still unsent this long after the window is dropped: sending it later would be a different rate. */
const OVERRUN_MS = 100;
const BATCH_MS = 250;

/** What a point needs of the process that runs it. */
export interface PointDeps {
  readonly ticker: Ticker;
  /** Milliseconds of the clock that the ticker uses. */
  readonly now: () => number;
  /** User and system time of this process so far. */
  readonly cpuSeconds: () => number;
  readonly report: (report: Report) => void;
}

/** One rate, offered once: warm-up, window and drain. Made by {@link startPoint}. */
export class PointRun {
  readonly #order: RunOrder;
  readonly #deps: PointDeps;
  readonly #connections: Connections;
  readonly #deadlines: Deadlines<Exchange>;
  readonly #request: { readonly path: string; readonly method: 'POST'; readonly headers: string[] };
  readonly #body: (index: number) => string;
  readonly #t0: number;
  readonly #cpuAtStart: number;
  readonly #finished: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  #next: number;
  #end: number;
  #sent = 0;
  #dropped = 0;
  #inFlight = 0;
  #peak = 0;
  #closing = false;
  #stoppedAtMs: number | undefined;
  #over = false;
  #pumpAgain = false;
  #batch: RequestRecord[] = [];

  constructor(order: RunOrder, connections: Connections, deps: PointDeps, finished: () => void) {
    this.#order = order;
    this.#deps = deps;
    this.#connections = connections;
    this.#finished = finished;
    this.#deadlines = new Deadlines(order.timeoutMs, deps.now, (exchange) => this.#expire(exchange));
    const url = new URL(order.url);
    this.#request = {
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: ['content-type', 'application/json', 'accept', 'application/json'],
    };
    this.#body = bodyMaker(order.prompt, order.seed, order.series);
    this.#cpuAtStart = deps.cpuSeconds();
    this.#next = -arrivalsBefore(order.warmupMs / 1000, order.rate);
    this.#end = arrivalsWithin(order.durationMs / 1000, order.rate);
    this.#t0 = deps.now() + LEAD_MS + order.warmupMs;
    const schedule = { t0: this.#t0, rate: order.rate, first: this.#next, end: this.#end };
    deps.ticker.start(schedule, () => this.#pump());
    const window = LEAD_MS + order.warmupMs + order.durationMs;
    this.#timers.push(
      setInterval(() => this.#flush(), BATCH_MS),
      setTimeout(() => this.#closeWindow(), window),
      setTimeout(() => this.#cutOff(), window + OVERRUN_MS),
      setTimeout(() => this.#abandon(), window + Math.max(order.drainMs, OVERRUN_MS)),
    );
  }

  /** Sends nothing more, and gives up what is open after `graceMs`. */
  stop(graceMs: number): void {
    if (this.#over) return;
    this.#stoppedAtMs ??= Math.max(0, Math.min(this.#order.durationMs, this.#deps.now() - this.#t0));
    this.#end = this.#next;
    this.#closing = true;
    this.#timers.push(setTimeout(() => this.#abandon(), graceMs));
    this.#finishIfEmpty();
  }

  #pump(): void {
    for (let burst = 0; this.#next < this.#end; burst++) {
      const due = this.#t0 + intendedMs(this.#next, this.#order.rate);
      const now = this.#deps.now();
      if (due > now) return;
      if (burst >= MAX_BURST) {
        this.#pumpSoon();
        return;
      }
      this.#issue(this.#next++, now);
    }
    this.#finishIfEmpty();
  }

  #pumpSoon(): void {
    if (this.#pumpAgain) return;
    this.#pumpAgain = true;
    setImmediate(() => {
      this.#pumpAgain = false;
      if (!this.#over) this.#pump();
    });
  }

  #issue(index: number, now: number): void {
    if (this.#inFlight >= this.#order.maxInFlight) {
      if (index >= 0) this.#dropped++;
      return;
    }
    const connection = this.#connections.take();
    const exchange = new Exchange(index, now, connection, this.#onEnd);
    if (index >= 0) this.#sent++;
    this.#inFlight++;
    this.#peak = Math.max(this.#peak, this.#inFlight);
    this.#deadlines.add(exchange);
    connection.dispatch({ ...this.#request, body: this.#body(index) }, exchange);
  }

  readonly #onEnd = (exchange: Exchange, end: WireEnd): void => {
    if (end.kind === 'answer') {
      const at = this.#deps.now();
      this.#connections.giveBack(exchange.connection);
      this.#settle(exchange, { status: end.status, ...judgeAnswer(this.#order.kind, end.status, end.text) }, at);
      return;
    }
    const { status } = end;
    if (end.kind === 'failure') {
      this.#fail(exchange, { outcome: 'transport_error', class: end.class, status, error: end.error });
    } else {
      this.#fail(exchange, { outcome: 'invalid', class: 'too-long', status, error: 'the answer is over 1 MiB' });
    }
  };

  #expire(exchange: Exchange): void {
    const error = `no complete answer within ${this.#order.timeoutMs / 1000} s`;
    this.#fail(exchange, { outcome: 'timeout', class: 'timeout', status: exchange.status, error });
  }

  #fail(exchange: Exchange, what: Pick<RequestRecord, 'outcome' | 'class' | 'status' | 'error'>): void {
    this.#settle(exchange, what, this.#deps.now());
    this.#connections.discard(exchange.connection);
  }

  #settle(
    exchange: Exchange,
    what: Omit<RequestRecord, 'index' | 'intendedMs' | 'latenessMs' | 'serviceMs'> & { readonly outcome: Outcome },
    at: number,
  ): void {
    exchange.done = true;
    this.#inFlight--;
    if (exchange.index >= 0) {
      const intended = intendedMs(exchange.index, this.#order.rate);
      this.#batch.push({
        index: exchange.index,
        intendedMs: intended,
        latenessMs: exchange.sentAt - this.#t0 - intended,
        serviceMs: at - exchange.sentAt,
        ...what,
      });
    }
    this.#finishIfEmpty();
  }

  #closeWindow(): void {
    this.#closing = true;
    this.#pump();
  }

  #cutOff(): void {
    this.#dropped += this.#end - this.#next;
    this.#next = this.#end;
    this.#finishIfEmpty();
  }

  /** The drain is over: what is open is recorded with the time it has been open so far. */
  #abandon(): void {
    this.#cutOff();
    for (const exchange of this.#deadlines.open()) {
      const error = 'still open when the drain ended';
      this.#fail(exchange, { outcome: 'incomplete', class: 'incomplete', status: exchange.status, error });
    }
  }

  #finishIfEmpty(): void {
    if (this.#over || !this.#closing || this.#inFlight > 0 || this.#next < this.#end) return;
    this.#over = true;
    this.#deps.ticker.stop();
    this.#deadlines.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#connections.close();
    this.#flush();
    const stopped = this.#stoppedAtMs === undefined ? {} : { stoppedAtMs: this.#stoppedAtMs };
    this.#deps.report({ type: 'finished', ...stopped, progress: this.#progress() });
    this.#finished();
  }

  #flush(): void {
    const records = this.#batch;
    this.#batch = [];
    this.#deps.report({ type: 'batch', records, progress: this.#progress() });
  }

  #progress(): Progress {
    const elapsedMs = this.#deps.now() - this.#t0;
    const measuring = elapsedMs < this.#order.durationMs && this.#stoppedAtMs === undefined;
    return {
      phase: !measuring ? 'drain' : elapsedMs < 0 ? 'warmup' : 'measure',
      elapsedMs,
      sent: this.#sent,
      dropped: this.#dropped,
      inFlight: this.#inFlight,
      peakInFlight: this.#peak,
      newConnections: this.#connections.opened,
      cpuSeconds: this.#deps.cpuSeconds() - this.#cpuAtStart,
    };
  }
}

/** Resolves the target's name and begins the point. `finished` is called once, after the last report. */
export async function startPoint(order: RunOrder, deps: PointDeps, finished: () => void): Promise<PointRun> {
  const url = new URL(order.url);
  const lookup = await resolveOnce(url.hostname);
  return new PointRun(order, new Connections(url.origin, lookup), deps, finished);
}
