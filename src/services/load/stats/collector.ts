import { lateMs, type RequestRecord } from '../engine/request-record.ts';
import { REPORTED } from '../engine/stream/token-meter.ts';
import type { Refuser } from '../failures.ts';
import type { RequestProtocol } from '../protocols/protocol.ts';
import type { Outcome } from '../types.ts';
import { AskedTally, TurnTally } from './asked-tally.ts';
import { Counts } from './counts.ts';
import { FailureTexts } from './failure-texts.ts';
import { type Objectives, ObjectiveTally } from './objective.ts';
import { Samples } from './percentiles.ts';
import { Column } from './samples-over-time.ts';
import { StreamTimes } from './stream-times.ts';
import { allowedLateness, LOCAL_LIMITS } from './validity.ts';
import { HopTimes } from './waterfall.ts';

export const NO_OUTCOMES = { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 } as const;

/** Adds up the records of one point as they come. */
export class Collector {
  readonly outcomes: Record<Outcome, number> = { ...NO_OUTCOMES };
  readonly errorsByClass = new Counts(undefined, LOCAL_LIMITS);
  /** What failures said for themselves, where they said anything. */
  readonly texts = new FailureTexts();
  /** Answers by the model that they name. */
  readonly models = new Counts(20);
  readonly statuses = new Map<number, number>();
  readonly hosts = new Counts();
  readonly refusedBy = new Map<Refuser, number>();
  /** End minus intended, of successes. */
  readonly response = new Samples();
  /** End minus sent, of successes. */
  readonly service = new Samples();
  readonly lateness = new Samples();
  readonly hops: HopTimes;
  readonly stream = new StreamTimes();
  readonly asked = new AskedTally();
  readonly turns = new TurnTally();
  readonly objectives: ObjectiveTally;
  readonly tokens = { prompt: 0, output: 0, answers: 0, reasoning: 0, cached: 0, estimated: 0, outputSquares: 0 };
  /** Milliseconds from the window's beginning to the end of the last request; 0 without one. */
  lastEndMs = 0;
  /** The same of the last success. */
  lastOkMs = 0;
  readonly #protocol: RequestProtocol;
  readonly #seen = new Set<number>();
  readonly #sentMs = new Column();
  readonly #openMs = new Column();
  readonly #observed = { atMs: new Column(), inFlight: new Column() };
  /** When each success ended, milliseconds since the window began. */
  readonly #okEndMs = new Column();
  /** Of a closed loop: when each of them was sent. */
  readonly #okSentMs = new Column();
  #firstOkMs = Number.POSITIVE_INFINITY;

  /** @param objectives that the requests are judged by */
  constructor(protocol: RequestProtocol, objectives?: Objectives) {
    this.#protocol = protocol;
    this.objectives = new ObjectiveTally(objectives);
    this.hops = new HopTimes(protocol);
  }

  add(record: RequestRecord): void {
    const { outcome, latenessMs, serviceMs } = record;
    this.#seen.add(record.index);
    this.objectives.add(record);
    this.asked.add(record);
    this.turns.add(record);
    this.outcomes[outcome]++;
    if (record.status > 0) count(this.statuses, record.status);
    if (record.host !== undefined) this.hosts.count(record.host);
    if (record.model !== undefined) this.models.count(record.model);
    if (outcome !== 'ok') {
      const name = this.errorsByClass.count(record.class);
      this.texts.add(name === record.class ? record : { ...record, class: name });
      count(this.refusedBy, whoRefused(this.#protocol, record) ?? 'unknown');
    }
    if (latenessMs === undefined) return;
    this.lateness.add(lateMs(record) ?? latenessMs);
    if (serviceMs === undefined) return;
    this.#sentMs.push(record.intendedMs + latenessMs);
    this.lastEndMs = Math.max(this.lastEndMs, record.intendedMs + latenessMs + serviceMs);
    this.#openMs.push(serviceMs);
    if (outcome === 'ok') this.#addSuccess(record, latenessMs, serviceMs);
  }

  /** What was in flight so long after the beginning of the window, warm-up requests included. */
  addInFlight(atMs: number, inFlight: number): void {
    this.#observed.atMs.push(atMs);
    this.#observed.inFlight.push(inFlight);
  }

  get recorded(): number {
    return this.#seen.size;
  }

  get failed(): number {
    return this.recorded - this.outcomes.ok;
  }

  /** How many that have ended were sent later than so long after the beginning of the window. */
  readonly sentAfter = (ms: number): number => this.#sentMs.view().reduce((count, at) => count + (at > ms ? 1 : 0), 0);

  has(index: number): boolean {
    return this.#seen.has(index);
  }

  /** What tells whether the target kept up; of all that was sent and whose end is known or was waited for. */
  get evidence() {
    const { atMs, inFlight } = this.#observed;
    return {
      sentMs: this.#sentMs.view(),
      serviceMs: this.#openMs.view(),
      observed: { atMs: atMs.view(), inFlight: inFlight.view() },
      statuses: this.statuses,
    };
  }

  /** When each success of a closed loop was sent and had ended, milliseconds since the window began. */
  get closedSuccesses() {
    return { sentMs: this.#okSentMs.view(), endMs: this.#okEndMs.view() };
  }

  /** At what rate successes came, per second; see {@link departureRate}. Sorts them all. */
  get departureRate(): number | undefined {
    return departureRate(this.#okEndMs.view());
  }

  /** How many successes came later than so long after the beginning of the window. */
  okAfter(ms: number): number {
    return this.#okEndMs.view().reduce((count, at) => count + (at > ms ? 1 : 0), 0);
  }

  /** The departure rate at a glance, from the first to the last success; undefined before there are two. */
  get roughDepartureRate(): number | undefined {
    const seconds = (this.lastOkMs - this.#firstOkMs) / 1000;
    return this.outcomes.ok > 1 && seconds > 0 ? (this.outcomes.ok - 1) / seconds : undefined;
  }

  #addSuccess(record: RequestRecord, latenessMs: number, serviceMs: number): void {
    const response = latenessMs + serviceMs;
    this.response.add(response);
    this.service.add(serviceMs);
    this.hops.add(record);
    this.stream.add(record);
    const endedAt = record.intendedMs + response;
    this.#okEndMs.push(endedAt);
    if (record.idleMs !== undefined) this.#okSentMs.push(record.intendedMs);
    this.#firstOkMs = Math.min(this.#firstOkMs, endedAt);
    this.lastOkMs = Math.max(this.lastOkMs, endedAt);
    const { prompt_tokens: prompt, output_tokens: output, reasoning_tokens, cached_tokens } = record.figures ?? {};
    if (prompt === undefined && output === undefined) return;
    this.tokens.answers++;
    this.tokens.prompt += prompt ?? 0;
    this.tokens.output += output ?? 0;
    this.tokens.reasoning += reasoning_tokens ?? 0;
    this.tokens.cached += cached_tokens ?? 0;
    if (record.tokens_estimated === true) this.tokens.estimated++;
    this.tokens.outputSquares += (output ?? 0) ** 2;
  }
}

function count<K>(into: Map<K, number>, key: K): void {
  into.set(key, (into.get(key) ?? 0) + 1);
}

/** Part of the answers that is left out at each end: queues fill and empty there, and single long answers stray. */
const ENDS = 0.1;

/**
 * At what rate answers came, per second: between the first and the last tenth of them, so that neither the time until
 * the first one nor a few stragglers count. Unlike a division by the window it does not fall with the response time,
 * and a backlog that is worked off after the window does not raise it. Where the lengths of answers are spread over a large
 * part of the window it is too low: ends alone look as if a target had fallen behind that much.
 *
 * @param endedMs when each success ended, milliseconds, in any order
 * @returns undefined for less than two, or where all ended at once
 */
export function departureRate(endedMs: Float64Array): number | undefined {
  const ascending = Float64Array.from(endedMs).sort();
  const left = Math.floor(ascending.length * ENDS);
  const last = ascending.length - 1 - left;
  const seconds = ((ascending[last] ?? 0) - (ascending[left] ?? 0)) / 1000;
  return last > left && seconds > 0 ? (last - left) / seconds : undefined;
}

/**
 * Who said no to a request that did not succeed, by the look of the answer. Nobody says anything to a request that times
 * out or is open when the drain ends: the target did not answer in time, unless this machine sent so late, or lost the
 * request, that it says nothing about the target.
 *
 * @returns undefined for a success
 */
export function whoRefused(protocol: Pick<RequestProtocol, 'refuser'>, record: RequestRecord): Refuser | undefined {
  const { outcome, status, serviceMs } = record;
  const latenessMs = lateMs(record);
  if (outcome === 'ok') return undefined;
  if (outcome === 'http_error') {
    const [, sign, said] = /^HTTP \d+(:| error:) (.*)$/s.exec(record.error) ?? [];
    return protocol.refuser(status, sign === ':' ? said : undefined, said);
  }
  if (outcome === 'transport_error') return LOCAL_LIMITS.includes(record.class) ? 'client' : 'network';
  // What is not as promised may be a gateway's; an error is whoever says it.
  if (outcome === 'invalid') return refusedIn(protocol, record);
  const isOwn = latenessMs === undefined || serviceMs === undefined || latenessMs > allowedLateness(serviceMs);
  return isOwn ? 'client' : 'no_answer';
}

/** Who said no with a status of success: an error for an answer, or in the middle of a stream. */
function refusedIn(protocol: Pick<RequestProtocol, 'refuser'>, { class: name, status, error }: RequestRecord): Refuser {
  if (name === 'error-answer') return protocol.refuser(status, undefined, error);
  if (name !== 'stream-error') return 'unknown';
  const said = error.replace(REPORTED, '');
  return protocol.refuser(status, said, said);
}
