import type { splitmix32 } from '../../src/services/load/random-numbers.ts';

/** Numbers in [0, 1). */
export type Uniform = ReturnType<typeof splitmix32>;

/** Of the requests of a point in the order of their arrival, seconds. What failed has an infinite end. */
export interface Served {
  readonly at: Float64Array;
  readonly end: Float64Array;
  /** From the arrival to the first token, and between tokens; absent where there are none. */
  readonly first?: Float64Array;
  readonly gap?: Float64Array;
}

/** What becomes of requests that arrive at ascending times. */
export type SimulatedTarget = (at: Float64Array, uniform: Uniform) => Served;

export type Work = (uniform: Uniform) => number;

export const always =
  (seconds: number): Work =>
  () =>
    seconds;

export const exponential =
  (mean: number): Work =>
  (uniform) =>
    -mean * Math.log(1 - uniform());

/** Log-normal: with sigma 1.5 the variance is 8.5 times the square of the mean. */
export const heavy =
  (mean: number, sigma: number): Work =>
  (uniform) => {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return mean * Math.exp(sigma * normal - (sigma * sigma) / 2);
  };

/** So many at a time, first come first served; what comes while `waiting` wait is refused, a part hangs for ever. */
export function queue(places: number, work: Work, more: { waiting?: number; hangs?: number } = {}): SimulatedTarget {
  const { waiting = Number.POSITIVE_INFINITY, hangs = 0 } = more;
  return (at, uniform) => {
    const end = new Float64Array(at.length);
    const free = new Float64Array(places).fill(Number.NEGATIVE_INFINITY);
    // When each began that was taken: those that have not begun yet wait.
    const begins: number[] = [];
    let begun = 0;
    for (let i = 0; i < at.length; i++) {
      const now = at[i] as number;
      if (hangs > 0 && uniform() < hangs) {
        end[i] = Number.POSITIVE_INFINITY;
        continue;
      }
      if (Number.isFinite(waiting)) {
        while (begun < begins.length && (begins[begun] as number) <= now) begun++;
        if (begins.length - begun >= waiting) {
          end[i] = Number.POSITIVE_INFINITY;
          continue;
        }
      }
      let place = 0;
      for (let j = 1; j < places; j++) if ((free[j] as number) < (free[place] as number)) place = j;
      const begin = Math.max(now, free[place] as number);
      if (Number.isFinite(waiting)) begins.push(begin);
      end[i] = begin + work(uniform);
      free[place] = end[i] as number;
    }
    return { at, end };
  };
}

/** Takes up to `most` of what waits at a time, and answers all of them together after `base + each * number` seconds. */
export function batches(most: number, base: number, each: number): SimulatedTarget {
  return (at) => {
    const end = new Float64Array(at.length);
    let next = 0;
    let free = Number.NEGATIVE_INFINITY;
    while (next < at.length) {
      const begin = Math.max(free, at[next] as number);
      let size = 0;
      while (size < most && next + size < at.length && (at[next + size] as number) <= begin) size++;
      free = begin + base + each * size;
      end.fill(free, next, next + size);
      next += size;
    }
    return { at, end };
  };
}

interface Engine {
  /** Requests that it works on together. */
  readonly places: number;
  /** Seconds of a token where one request is there alone, and what each other one adds. */
  readonly token: number;
  readonly each: number;
  /** Tokens of an answer, on the mean. */
  readonly tokens: number;
}

/**
 * An engine that works on all requests at once, each token slower the more there are: processor sharing with a place for
 * each, and a queue before them. Time runs in tokens, which all requests get alike, so that each one's end is known.
 */
export function engine({ places, token, each, tokens }: Engine): SimulatedTarget {
  return (at, uniform) => {
    const [end, first, gap] = [new Float64Array(at.length), new Float64Array(at.length), new Float64Array(at.length)];
    const heap = new Heap();
    const began = new Float64Array(at.length);
    const size = new Float64Array(at.length);
    let [now, done, next, waits] = [at[0] ?? 0, 0, 0, 0];
    const pace = () => token + each * Math.max(0, heap.size - 1);
    const begin = (i: number) => {
      size[i] = 1 + Math.ceil(-tokens * Math.log(1 - uniform()));
      began[i] = now;
      heap.push(done + (size[i] as number), i);
      first[i] = now + pace() - (at[i] as number);
    };
    while (waits < at.length || heap.size > 0) {
      const arrival = next < at.length ? (at[next] as number) : Number.POSITIVE_INFINITY;
      const ending = heap.size === 0 ? Number.POSITIVE_INFINITY : now + (heap.least - done) * pace();
      const to = Math.min(arrival, ending);
      if (heap.size > 0) done += (to - now) / pace();
      now = to;
      if (arrival <= ending) next++;
      else {
        const i = heap.pop();
        end[i] = now;
        gap[i] = (now - (began[i] as number)) / (size[i] as number);
      }
      while (waits < next && heap.size < places) begin(waits++);
    }
    return { at, end, first, gap };
  };
}

/** A binary heap of numbers with what they belong to. */
class Heap {
  readonly #keys: number[] = [];
  readonly #items: number[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get least(): number {
    return this.#keys[0] as number;
  }

  push(key: number, item: number): void {
    let i = this.#keys.length;
    this.#set(i, key, item);
    for (let up = (i - 1) >> 1; i > 0 && (this.#keys[up] as number) > key; up = (i - 1) >> 1) {
      this.#set(i, this.#keys[up] as number, this.#items[up] as number);
      i = up;
      this.#set(i, key, item);
    }
  }

  pop(): number {
    const top = this.#items[0] as number;
    const [key, item] = [this.#keys.pop() as number, this.#items.pop() as number];
    const size = this.#keys.length;
    if (size === 0) return top;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= size) break;
      if (down + 1 < size && (this.#keys[down + 1] as number) < (this.#keys[down] as number)) down++;
      if ((this.#keys[down] as number) >= key) break;
      this.#set(i, this.#keys[down] as number, this.#items[down] as number);
      i = down;
    }
    this.#set(i, key, item);
    return top;
  }

  #set(i: number, key: number, item: number): void {
    this.#keys[i] = key;
    this.#items[i] = item;
  }
}
