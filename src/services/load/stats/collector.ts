import type { RequestRecord } from '../engine/protocol.ts';
import type { Outcome } from '../types.ts';
import { Samples } from './percentiles.ts';

/** Adds up the records of one point as they come. */
export class Collector {
  readonly outcomes: Record<Outcome, number> = {
    ok: 0,
    http_error: 0,
    transport_error: 0,
    timeout: 0,
    invalid: 0,
    incomplete: 0,
  };
  readonly errorsByClass = new Map<string, number>();
  readonly hosts = new Map<string, number>();
  /** End minus intended, of successes. */
  readonly response = new Samples();
  /** End minus sent, of successes. */
  readonly service = new Samples();
  readonly lateness = new Samples();
  readonly #seen = new Set<number>();
  #lastOkMs = 0;

  add(record: RequestRecord): void {
    this.#seen.add(record.index);
    this.outcomes[record.outcome]++;
    if (record.outcome !== 'ok') count(this.errorsByClass, record.class);
    if (record.host !== undefined) count(this.hosts, record.host);
    if (record.latenessMs === undefined) return;
    this.lateness.add(record.latenessMs);
    if (record.outcome !== 'ok' || record.serviceMs === undefined) return;
    const response = record.latenessMs + record.serviceMs;
    this.response.add(response);
    this.service.add(record.serviceMs);
    this.#lastOkMs = Math.max(this.#lastOkMs, record.intendedMs + response);
  }

  /** Records that were added. */
  get recorded(): number {
    return this.#seen.size;
  }

  /** Successes and everything else that has ended. */
  get failed(): number {
    return this.recorded - this.outcomes.ok;
  }

  has(index: number): boolean {
    return this.#seen.has(index);
  }

  /** Milliseconds from the window's beginning to the end of the last success; 0 without one. */
  get lastOkMs(): number {
    return this.#lastOkMs;
  }
}

function count(into: Map<string, number>, key: string): void {
  into.set(key, (into.get(key) ?? 0) + 1);
}
