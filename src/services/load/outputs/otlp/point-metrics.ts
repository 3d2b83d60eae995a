import { PHASE_FIGURES, type RequestRecord } from '../../engine/request-record.ts';
import type { Outcome } from '../../types.ts';
import { Histogram } from './histogram.ts';
import {
  HTTP_DURATION,
  LATENESS,
  OPERATION_DURATION,
  PHASE_DURATION,
  TIME_PER_OUTPUT_CHUNK,
  TIME_TO_FIRST_CHUNK,
} from './metrics.ts';

/** A backend keeps every combination for long, and some of them come from the network: beyond these it is {@link OTHER}. */
const MAX_ENDINGS = 50;
const MAX_HOSTS = 100;

/** The conventions' word for a value that has no name of its own. */
const OTHER = '_OTHER';

/** Requests of a point that ended in the same way. */
export interface Ending {
  readonly outcome: Outcome;
  /** The record's class; absent for successes. */
  readonly errorType?: string;
  /** 0 where no HTTP answer came. */
  readonly status: number;
  readonly response: Histogram;
  readonly service: Histogram;
  /** Answers per host of B; `undefined` for those that named none. */
  readonly hosts: Map<string | undefined, number>;
}

/** What a hop did with its requests, and for how long. */
export interface Phase {
  readonly hop: string;
  /** `queue`, `engine_queue`, `load`, `prompt`, `generation`. */
  readonly name: string;
  readonly seconds: Histogram;
}

/** Adds up the requests of one point. */
export class PointMetrics {
  readonly lateness = new Histogram(LATENESS.boundaries);
  readonly firstChunk = new Histogram(TIME_TO_FIRST_CHUNK.boundaries);
  readonly nextChunk = new Histogram(TIME_PER_OUTPUT_CHUNK.boundaries);
  /** In the order of the figures. */
  readonly phases: readonly Phase[] = PHASE_FIGURES.map((figure) => ({
    hop: figure.slice(0, 1),
    name: figure.slice(2, -'_seconds'.length),
    seconds: new Histogram(PHASE_DURATION.boundaries),
  }));
  readonly #endings = new Map<string, Ending>();
  readonly #hosts = new Set<string>();
  #lastRecord: RequestRecord | undefined;
  #lastEnding: Ending | undefined;
  /** Requests that were due and not sent; known when the point is over. */
  dropped = 0;

  add(records: readonly RequestRecord[]): void {
    for (const record of records) {
      const { latenessMs, serviceMs, outcome } = record;
      const ending = this.#endingOf(record);
      const host = this.#boundedHost(record.host);
      ending.hosts.set(host, (ending.hosts.get(host) ?? 0) + 1);
      if (latenessMs === undefined) continue;
      this.lateness.add(latenessMs / 1000);
      if (serviceMs === undefined) continue;
      ending.response.add((latenessMs + serviceMs) / 1000);
      ending.service.add(serviceMs / 1000);
      if (outcome === 'ok') this.#addPhases(record);
      if (outcome !== 'ok' || record.ttft_ms === undefined) continue;
      this.firstChunk.add((latenessMs + record.ttft_ms) / 1000);
      for (const gap of record.itl_ms ?? []) this.nextChunk.add(gap / 1000);
    }
  }

  get endings(): readonly Ending[] {
    return [...this.#endings.values()];
  }

  #addPhases({ figures }: RequestRecord): void {
    if (figures === undefined) return;
    for (const [at, { seconds }] of this.phases.entries()) {
      const value = figures[PHASE_FIGURES[at] as (typeof PHASE_FIGURES)[number]];
      if (value !== undefined) seconds.add(value);
    }
  }

  #endingOf(record: RequestRecord): Ending {
    const { outcome, class: name, status } = record;
    const last = this.#lastRecord;
    if (last !== undefined && last.status === status && last.class === name && last.outcome === outcome) {
      return this.#lastEnding as Ending;
    }
    this.#lastRecord = record;
    this.#lastEnding = this.#find(outcome, name, status);
    return this.#lastEnding;
  }

  #find(outcome: Outcome, name: string, status: number): Ending {
    const known = this.#endings.get(`${outcome} ${status} ${name}`);
    if (known !== undefined) return known;
    // Every outcome has one more place for all that is beyond the bound.
    const full = this.#endings.size >= MAX_ENDINGS;
    const [errorType, code] = full ? [OTHER, 0] : [name, status];
    const key = `${outcome} ${code} ${errorType}`;
    const ending = this.#endings.get(key) ?? {
      outcome,
      ...(outcome === 'ok' ? {} : { errorType }),
      status: code,
      response: new Histogram(OPERATION_DURATION.boundaries),
      service: new Histogram(HTTP_DURATION.boundaries),
      hosts: new Map(),
    };
    this.#endings.set(key, ending);
    return ending;
  }

  #boundedHost(host: string | undefined): string | undefined {
    if (host === undefined || this.#hosts.has(host)) return host;
    if (this.#hosts.size >= MAX_HOSTS) return OTHER;
    this.#hosts.add(host);
    return host;
  }
}
