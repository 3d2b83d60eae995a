import { defined } from '../../defined.ts';
import type { Progress } from '../engine/protocol.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { SecondSample } from '../types.ts';
import { Counts } from './counts.ts';
import { nearestRank, round } from './percentiles.ts';

/** A second is told so long after it ended, so that the records of a batch that comes late are in it. */
const SETTLE_MS = 300;
/** Each second has a line of its own, which tells so many hosts. */
const MOST_HOSTS = 100;

const newBucket = () => ({
  ok: 0,
  failed: 0,
  response: [] as number[],
  lateness: [] as number[],
  hosts: new Counts(MOST_HOSTS),
});

/** What was known at one instant. */
type Instant = Pick<Progress, 'elapsedMs' | 'sent' | 'inFlight'>;

/**
 * Cuts a point into seconds while it runs. What ended counts in the second of its end; what was sent and what is in
 * flight is known a few times a second, and is interpolated at the second's end.
 */
export class Seconds {
  readonly #durationMs: number;
  readonly #emit: (sample: SecondSample) => void;
  readonly #buckets = new Map<number, ReturnType<typeof newBucket>>();
  #before: Instant | undefined;
  #instants: Instant[] = [];
  #next: number;
  #sentBefore = 0;
  #stoppedMs = Number.POSITIVE_INFINITY;

  /** @param emit called once per second, in order */
  constructor(warmupSeconds: number, durationSeconds: number, emit: (sample: SecondSample) => void) {
    this.#durationMs = durationSeconds * 1000;
    this.#next = -Math.ceil(warmupSeconds);
    this.#emit = emit;
  }

  add(records: readonly RequestRecord[]): void {
    for (const { intendedMs, latenessMs, idleMs, serviceMs, outcome, host } of records) {
      if (latenessMs === undefined || serviceMs === undefined) continue;
      const second = Math.floor((intendedMs + latenessMs + serviceMs) / 1000);
      // A record that comes after its second was told belongs to the one that is open, or it would be in none.
      const open = Math.max(this.#next, second);
      const bucket = this.#buckets.get(open) ?? newBucket();
      this.#buckets.set(open, bucket);
      bucket.lateness.push(idleMs ?? latenessMs);
      if (outcome === 'ok') {
        bucket.ok++;
        bucket.response.push(latenessMs + serviceMs);
      } else bucket.failed++;
      if (host !== undefined) bucket.hosts.count(host);
    }
  }

  /** Tells the seconds that are over. */
  advance(progress: Progress): void {
    const { elapsedMs, phase } = progress;
    if (phase === 'drain') this.#stoppedMs = Math.min(this.#stoppedMs, Math.max(elapsedMs, 0));
    this.#instants.push(progress);
    while ((this.#next + 1) * 1000 + SETTLE_MS <= elapsedMs) this.#tell();
  }

  /** Tells what is left; the last second may be a part of one. */
  end(): void {
    const last = Math.max(
      ...this.#buckets.keys(),
      ...this.#instants.map(({ elapsedMs }) => Math.ceil(elapsedMs / 1000) - 1),
    );
    while (this.#next <= last) this.#tell();
  }

  #tell(): void {
    const second = this.#next++;
    const { sent, inFlight } = this.#at((second + 1) * 1000);
    const { ok, failed, hosts, ...times } = this.#buckets.get(second) ?? newBucket();
    this.#buckets.delete(second);
    const [response, lateness] = [Float64Array.from(times.response).sort(), Float64Array.from(times.lateness).sort()];
    const rank = (sorted: Float64Array, fraction: number) => {
      const ranked = sorted[nearestRank(fraction, sorted.length)];
      return ranked === undefined ? undefined : round(ranked);
    };
    const measures = second * 1000 < Math.min(this.#durationMs, this.#stoppedMs);
    const phase = second < 0 ? 'warmup' : measures ? 'measure' : 'drain';
    this.#emit(
      defined({
        second,
        phase,
        sent: sent - this.#sentBefore,
        ok,
        failed,
        inFlight,
        p50: rank(response, 0.5),
        p99: rank(response, 0.99),
        latenessP99: rank(lateness, 0.99),
        hosts: Object.fromEntries([...hosts].sort(([a], [b]) => a.localeCompare(b))),
      }),
    );
    this.#sentBefore = sent;
  }

  /** Interpolated between the instants around a time; the last one known after all of them. */
  #at(ms: number): { readonly sent: number; readonly inFlight: number } {
    while (this.#instants[0] !== undefined && this.#instants[0].elapsedMs <= ms) this.#before = this.#instants.shift();
    const before = this.#before;
    const after = this.#instants[0];
    if (before === undefined) return { sent: 0, inFlight: after?.inFlight ?? 0 };
    if (after === undefined) return before;
    const part = (ms - before.elapsedMs) / (after.elapsedMs - before.elapsedMs);
    const between = (from: number, to: number) => Math.round(from + (to - from) * part);
    return { sent: between(before.sent, after.sent), inFlight: between(before.inFlight, after.inFlight) };
  }
}
