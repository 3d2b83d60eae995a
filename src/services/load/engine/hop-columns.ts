import { Floats } from './floats.ts';
import type { StreamedHop } from './request-record.ts';

/** The steps of a batch's streamed chains; all empty where there are none. */
export interface HopColumns {
  /** Names of steps: there are few different ones. */
  readonly names: readonly string[];
  /** Four numbers a step: row of its record, place of its name, time to its first token (ms), number of its gaps. */
  readonly steps: Float64Array;
  /** Gaps of all steps one after another, milliseconds. */
  readonly gaps: Float32Array;
}

const WIDTH = 4;

/** Collects the steps of a batch. */
export class HopWriter {
  #names: string[] = [];
  #steps: number[] = [];
  readonly #gaps = new Floats();

  add(row: number, hops: readonly StreamedHop[]): void {
    for (const { name, ttft_ms: ttft, itl_ms: gaps } of hops) {
      let place = this.#names.indexOf(name);
      if (place < 0) place = this.#names.push(name) - 1;
      this.#steps.push(row, place, ttft, gaps.length);
      for (const gap of gaps) this.#gaps.push(gap);
    }
  }

  /** Everything since the last call. */
  take(): HopColumns {
    const columns = { names: this.#names, steps: Float64Array.from(this.#steps), gaps: this.#gaps.view().slice() };
    this.#names = [];
    this.#steps = [];
    this.#gaps.clear();
    return columns;
  }
}

/** @returns the steps of each record that has any, by its row */
export function readHops({ names, steps, gaps }: HopColumns): ReadonlyMap<number, StreamedHop[]> {
  const byRow = new Map<number, StreamedHop[]>();
  let from = 0;
  for (let at = 0; at < steps.length; at += WIDTH) {
    const [row, place, ttft, count] = steps.subarray(at, at + WIDTH) as unknown as [number, number, number, number];
    const hop = { name: names[place] as string, ttft_ms: ttft, itl_ms: Array.from(gaps.subarray(from, from + count)) };
    from += count;
    const known = byRow.get(row);
    if (known === undefined) byRow.set(row, [hop]);
    else known.push(hop);
  }
  return byRow;
}
