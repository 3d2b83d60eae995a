import { defined } from '../../defined.ts';
import { Dialer } from '../../dial/dialer.ts';
import type { Resolve } from '../../dial/resolve.ts';
import { judgeStream, remembering } from '../protocols/answers.ts';
import { bodyOf } from '../protocols/model-answer.ts';
import type { Judge, RequestProtocol } from '../protocols/protocol.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import { dataOf, type LoadedData } from '../workload/loaded.ts';
import { Carried } from './carried.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange, isSuccess, type WireEnd } from './exchange.ts';
import type { Due, Feed } from './feed/feed.ts';
import { feedOf } from './feed/feeds.ts';
import { RawTransport } from './http/raw-transport.ts';
import type { Progress, Report, RunOrder } from './protocol.ts';
import { type Judged, RecordWriter } from './record-columns.ts';
import { steadyNow } from './steady-clock.ts';
import { EventShapes } from './stream/event-shape.ts';
import { type MeterOptions, TokenMeter } from './stream/token-meter.ts';
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
  readonly report: (report: Report) => void;
  /** How the target's name is looked up before the point, and again where no address works; the default is the system's way. */
  readonly resolve?: Resolve;
}

/** One point, offered once: warm-up, window and drain. Made by {@link startPoint}. */
export class PointRun {
  readonly #order: RunOrder;
  readonly #deps: PointDeps;
  readonly #transport: RawTransport;
  readonly #deadlines: Deadlines;
  readonly #judge: Judge;
  readonly #protocol: RequestProtocol;
  /** Absent where answers are not streamed. */
  readonly #metering: MeterOptions | undefined;
  readonly #feed: Feed;
  readonly #t0: number;
  #windowEnd: number;
  #windowTokens = 0;
  readonly #cpuAtStart = process.cpuUsage();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #records = new RecordWriter();
  #sent = 0;
  #dropped = 0;
  #inFlight = 0;
  #peak = 0;
  readonly #carried = new Carried();
  #closing = false;
  #stoppedAtMs: number | undefined;
  /** When it had sent as many as it shall, where that was before the end of the window. */
  #enoughAtMs: number | undefined;
  /** When the last request of the window ended. */
  #lastEnd = 0;
  #over = false;
  #pumpAgain = false;

  constructor(order: RunOrder, dialer: Dialer, data: LoadedData, deps: PointDeps) {
    this.#order = order;
    this.#deps = deps;
    this.#transport = new RawTransport(order, dialer, data, this.#onEnd);
    this.#deadlines = new Deadlines(order.timeoutMs, (exchange) => this.#expire(exchange));
    const { api, stream } = order.form;
    this.#protocol = protocolNamed(api);
    this.#judge = remembering(this.#protocol.judge);
    const { feed, timetable } = feedOf(order, data);
    this.#feed = feed;
    this.#t0 = order.t0 ?? steadyNow() + LEAD_MS + order.warmupMs;
    this.#windowEnd = this.#t0 + order.durationMs;
    const { ends } = this.#protocol;
    const isWithin = (at: number) => at >= this.#t0 && at < this.#windowEnd;
    if (stream) this.#metering = { ends, shapes: new EventShapes(), isWithin, keepsText: feed.keepsText };
    deps.ticker.start({ ...timetable, t0: this.#t0 }, () => this.#pump());
    this.#arm();
    const window = this.#t0 - steadyNow() + order.durationMs;
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
    this.#windowEnd = Math.min(this.#windowEnd, steadyNow());
    this.#stoppedAtMs ??= Math.max(0, this.#windowEnd - this.#t0);
    this.#feed.close();
    this.#closing = true;
    this.#timers.push(setTimeout(() => this.#abandon(), graceMs));
    this.#finishIfEmpty();
  }

  #pump(): void {
    this.#transport.turn();
    this.#send();
  }

  /** Sends what is due. */
  #send(): void {
    const feed = this.#feed;
    for (let burst = 0; ; burst++) {
      const now = steadyNow();
      const nowMs = now - this.#t0;
      if (feed.nextMs(nowMs) > nowMs) break;
      // Full hands come first: what is dropped needs no connection.
      if (this.#inFlight >= this.#order.maxInFlight) {
        const due = feed.take(nowMs);
        if (due.index >= 0) this.#dropped++;
        feed.ended(due, nowMs, undefined);
        continue;
      }
      if (burst >= MAX_BURST || !this.#transport.ready()) {
        this.#pumpSoon();
        return;
      }
      this.#issue(feed.take(nowMs), now);
    }
    if (this.#feed.follows) this.#endIfEnough();
    this.#arm();
    this.#finishIfEmpty();
  }

  #endIfEnough(): void {
    if (this.#closing || !this.#feed.exhausted) return;
    const now = steadyNow();
    this.#enoughAtMs = Math.max(0, now - this.#t0);
    // Where all were sent at once, the window lasts until the last one has ended.
    const { requests = 0, concurrency = 0 } = this.#order;
    if (requests > concurrency) this.#windowEnd = Math.min(this.#windowEnd, now);
    this.#closing = true;
    this.#timers.push(setTimeout(() => this.#abandon(), this.#order.drainMs));
  }

  #arm(): void {
    if (this.#feed.follows) this.#deps.ticker.alarm(this.#t0 + this.#feed.alarmMs());
  }

  #pumpSoon(): void {
    if (this.#pumpAgain) return;
    this.#pumpAgain = true;
    const again = () => {
      this.#pumpAgain = false;
      if (!this.#over) this.#pump();
    };
    if (this.#transport.busy) setTimeout(again, 1);
    else setImmediate(again);
  }

  #issue(due: Due, now: number): void {
    const meter = this.#metering && new TokenMeter(this.#metering);
    const exchange = new Exchange(due, now, meter);
    if (due.index >= 0) this.#sent++;
    this.#inFlight++;
    if (this.#inFlight > this.#peak) this.#peak = this.#inFlight;
    this.#deadlines.add(exchange);
    this.#transport.send(exchange);
  }

  readonly #onEnd = (exchange: Exchange, end: WireEnd): void => {
    if (exchange.done) return;
    if (end.kind === 'answer') {
      const { meter } = exchange;
      const { status } = end;
      const streamed = meter !== undefined && isSuccess(status) ? judgeStream(meter, this.#protocol.judge) : undefined;
      const judged = streamed ?? this.#judge(status, end.text, end.location, end.retryAfter);
      this.#settle(exchange, status, judged, steadyNow(), this.#saidIn(end.text, exchange));
    } else this.#fail(exchange, end);
  };

  #expire(exchange: Exchange): void {
    const error = `no complete answer within ${this.#order.timeoutMs / 1000} s`;
    this.#fail(exchange, { outcome: 'timeout', class: 'timeout', error });
  }

  #fail(exchange: Exchange, what: Judged): void {
    const at = steadyNow();
    exchange.abandon?.();
    this.#settle(exchange, exchange.status, what, at);
  }

  /** What the next turn of a session has to repeat. */
  #saidIn(text: string, { meter }: Exchange): string {
    if (!this.#feed.keepsText) return '';
    return meter === undefined ? this.#protocol.textOf(bodyOf(text)) : meter.text;
  }

  #settle(exchange: Exchange, status: number, what: Judged, at: number, answer?: string): void {
    exchange.done = true;
    this.#inFlight--;
    const { due, sentAt, meter } = exchange;
    this.#windowTokens += meter?.tokensWithin ?? this.#tokensWithin(what, sentAt, at);
    if (due.index >= 0) {
      const { index, intendedMs, latenessMs } = due;
      this.#lastEnd = at;
      this.#records.add(index, intendedMs, latenessMs, at - sentAt, status, what, meter?.timesSince(sentAt), due.turn);
      if (this.#records.full) this.#flush();
    } else if (what.outcome === 'ok') this.#carried.add(sentAt - this.#t0, at - this.#t0, !this.#closing);
    if (this.#feed.follows) {
      this.#feed.ended(due, at - this.#t0, what.outcome === 'ok' ? answer : undefined);
      this.#send();
    } else this.#finishIfEmpty();
  }

  /** Of an answer in one piece: nobody knows when its tokens were made, so they count evenly over its time. */
  #tokensWithin({ figures }: Judged, from: number, to: number): number {
    const tokens = figures?.output_tokens ?? 0;
    const within = Math.min(to, this.#windowEnd) - Math.max(from, this.#t0);
    return tokens === 0 || within <= 0 ? 0 : (tokens * within) / (to - from);
  }

  #closeWindow(): void {
    this.#closing = true;
    this.#pump();
  }

  #cutOff(): void {
    this.#dropped += this.#feed.close();
    this.#finishIfEmpty();
  }

  /** The drain is over: what is open is recorded with the time it has been open so far. */
  #abandon(): void {
    this.#cutOff();
    for (const exchange of this.#deadlines.open()) {
      const error = 'still open when the drain ended';
      this.#fail(exchange, { outcome: 'incomplete', class: 'incomplete', error });
    }
  }

  #finishIfEmpty(): void {
    if (!this.#closing || this.#over || this.#inFlight > 0 || !this.#feed.exhausted) return;
    this.#over = true;
    // Where all were sent at once, it ended with the last one.
    if (this.#enoughAtMs !== undefined) this.#windowEnd = Math.min(this.#windowEnd, this.#lastEnd);
    this.#deps.ticker.stop();
    this.#deadlines.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#transport.close();
    this.#flush();
    const ended = defined({ stoppedAtMs: this.#stoppedAtMs, enoughAtMs: this.#enoughAtMs });
    this.#deps.report({ type: 'finished', ...ended, progress: this.#progress() });
  }

  #flush(): void {
    this.#transport.clock.begin();
    this.#deps.report({ type: 'batch', columns: this.#records.take(), progress: this.#progress() });
  }

  #progress(): Progress {
    const elapsedMs = steadyNow() - this.#t0;
    const { sessions } = this.#feed;
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    const endMs = this.#stoppedAtMs ?? this.#enoughAtMs ?? this.#order.durationMs;
    const measuring = elapsedMs < endMs;
    return {
      phase: !measuring ? 'drain' : elapsedMs < 0 ? 'warmup' : 'measure',
      elapsedMs,
      sent: this.#sent,
      dropped: this.#dropped,
      inFlight: this.#inFlight,
      peakInFlight: this.#peak,
      newConnections: this.#transport.opened,
      carried: this.#carried.count,
      retried: this.#transport.retried,
      ...(this.#order.concurrency === undefined
        ? {}
        : { carriedParts: this.#carried.partsUntil(this.#windowEnd - this.#t0) }),
      windowTokens: this.#windowTokens,
      ...(sessions === undefined ? {} : { sessions }),
      cpuSeconds: (user + system) / 1e6,
    };
  }
}

/** Resolves the target's name, reads what requests are made of unless it is read, and begins the point. */
export async function startPoint(order: RunOrder, deps: PointDeps): Promise<PointRun> {
  const { url, proxy, ca, workload } = order;
  const data = await dataOf(workload);
  const dialer = await Dialer.open(defined({ url: new URL(url), proxy, ca }), deps.resolve);
  return new PointRun(order, dialer, data, deps);
}
