import { arrivalsBefore, arrivalsWithin, intendedMs, nextIndexAfter } from './arrivals.ts';
import { gammaTimes, poissonTimes } from './renewal.ts';
import { type Stage, warped } from './stages.ts';

/** Which part of a schedule a generator takes: every `count`-th request, from `index` on. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

export const WHOLE: Share = { index: 0, count: 1 };

/** A schedule in a form that a thread can be given. */
export interface TimetableData {
  /** Requests per second of the whole schedule. */
  readonly rate: number;
  /** Number of the first request (negative with a warm-up) and the one after the last. */
  readonly first: number;
  readonly end: number;
  readonly share?: Share;
  /** Milliseconds from t0 of every request from `first` on; absent when they come evenly. */
  readonly times?: Float64Array;
}

export interface ArrivalSettings {
  /** Requests per second. */
  readonly rate: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Default `constant`. Others draw from `seed` and `series`, and bring exactly as many requests. */
  readonly arrivals?: 'constant' | 'poisson' | 'gamma';
  /** Of gamma arrivals: the shape of their gaps; 1 is Poisson, less comes in bursts. */
  readonly burstiness?: number;
  /** How the rate changes within the window; `rate` is their mean. */
  readonly stages?: readonly Stage[];
  /** When the requests of the window are due, where a trace tells: milliseconds from t0, as many as `rate` brings. */
  readonly times?: Float64Array;
  readonly seed: number;
  /** Position in the sweep. */
  readonly series: number;
  /** Which part of the schedule this generator sends; default: all of it. Set by the group of generators. */
  readonly share?: Share;
}

/** The schedule of one point. The same settings make the same schedule, in every process. */
export function timetableOf(settings: ArrivalSettings): TimetableData {
  const { rate, warmupMs, durationMs, stages, arrivals = 'constant', times: traced } = settings;
  const within = arrivalsWithin(durationMs / 1000, rate);
  // What comes before the window comes as in its first moment.
  const firstRate = stages?.[0]?.from ?? rate;
  const before = traced === undefined ? arrivalsBefore(warmupMs / 1000, firstRate) : 0;
  const data = { rate, first: 0 - before, end: within, share: settings.share ?? WHOLE };
  if (arrivals === 'constant' && stages === undefined && traced === undefined) return data;
  const seed = Math.imul(settings.seed + 1, 0x9e3779b1) ^ Math.imul(settings.series + 1, 0x85ebca6b);
  const times = new Float64Array(new SharedArrayBuffer((before + within) * Float64Array.BYTES_PER_ELEMENT));
  times.set(timesBefore(settings, before, firstRate, seed ^ 0x5bd1e995));
  times.set(traced?.subarray(0, within) ?? timesWithin(settings, within, seed), before);
  return { ...data, times };
}

function timesBefore(settings: ArrivalSettings, count: number, rate: number, seed: number): Float64Array {
  if (settings.arrivals === 'constant' || settings.arrivals === undefined) {
    return Float64Array.from({ length: count }, (_, at) => intendedMs(at - count, rate));
  }
  return drawn(settings, count, settings.warmupMs, seed).map((ms) => ms - settings.warmupMs);
}

function timesWithin(settings: ArrivalSettings, count: number, seed: number): Float64Array {
  const { rate, durationMs, stages } = settings;
  const even =
    settings.arrivals === 'constant' || settings.arrivals === undefined
      ? Float64Array.from({ length: count }, (_, at) => intendedMs(at, rate))
      : drawn(settings, count, durationMs, seed);
  return stages === undefined ? even : warped(even, durationMs, stages);
}

function drawn({ arrivals, burstiness = 1 }: ArrivalSettings, count: number, lengthMs: number, seed: number) {
  return arrivals === 'gamma' ? gammaTimes(count, lengthMs, seed, burstiness) : poissonTimes(count, lengthMs, seed);
}

/**
 * A generator's part of a schedule, by position: 0 is its first request of the window, negative ones are its warm-up.
 * Absolute like the whole: nothing that happens moves a due time.
 */
export class Timetable {
  readonly #data: TimetableData;
  readonly #share: Share;
  readonly first: number;
  readonly end: number;

  constructor(data: TimetableData) {
    this.#data = data;
    this.#share = data.share ?? WHOLE;
    this.first = this.#positionFrom(data.first);
    this.end = this.#positionFrom(data.end);
  }

  /** @returns the request's number in the whole schedule */
  indexOf(position: number): number {
    return position * this.#share.count + this.#share.index;
  }

  /** @returns milliseconds from t0 */
  dueMs(position: number): number {
    const index = this.indexOf(position);
    const { times, first, rate } = this.#data;
    return times === undefined ? intendedMs(index, rate) : (times[index - first] ?? Number.POSITIVE_INFINITY);
  }

  /** @returns the first position that is not yet due `elapsedMs` after t0 */
  nextAfter(elapsedMs: number): number {
    const { times, rate } = this.#data;
    if (times === undefined) return this.#positionFrom(nextIndexAfter(elapsedMs, rate));
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.dueMs(middle) <= elapsedMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first own position whose number is `index` or more. */
  #positionFrom(index: number): number {
    const position = Math.ceil((index - this.#share.index) / this.#share.count);
    return position === 0 ? 0 : position;
  }
}
