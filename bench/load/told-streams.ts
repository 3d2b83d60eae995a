import type { RequestRecord } from '../../src/services/load/engine/request-record.ts';

/** When a target had read a request and wrote the tokens of its answer, milliseconds of the steady clock. */
export interface ToldStream {
  readonly readAt: number;
  readonly tokensAt: Float64Array;
}

/** By request, from what `stream-process.ts` tells. */
export function toldStreams(numbers: Float64Array): Map<number, ToldStream> {
  const streams = new Map<number, ToldStream>();
  for (let i = 0; i < numbers.length; ) {
    const [request = 0, readAt = 0, count = 0] = numbers.subarray(i, i + 3);
    streams.set(request, { readAt, tokensAt: numbers.subarray(i + 3, i + 3 + count) });
    i += 3 + count;
  }
  return streams;
}

/** By how much first tokens and gaps were stamped otherwise than they were written, milliseconds, ascending. */
export interface StampErrors {
  readonly first: Float64Array;
  readonly gaps: Float64Array;
  /** Answers of which some tokens came together: their gaps cannot be told apart. */
  readonly merged: number;
}

/** @param t0 of the point, milliseconds of the steady clock */
export function stampErrors(
  records: readonly RequestRecord[],
  told: ReadonlyMap<number, ToldStream>,
  t0: number,
): StampErrors {
  const first: number[] = [];
  const gaps: number[] = [];
  let merged = 0;
  for (const { index, intendedMs, latenessMs = 0, ttft_ms: ttft, itl_ms: between = [] } of records) {
    const truth = told.get(index);
    if (truth === undefined || ttft === undefined) continue;
    const { tokensAt } = truth;
    first.push(Math.abs(t0 + intendedMs + latenessMs + ttft - (tokensAt[0] ?? Number.NaN)));
    if (between.length !== tokensAt.length - 1) merged++;
    else between.forEach((gap, i) => void gaps.push(Math.abs(gap - ((tokensAt[i + 1] ?? 0) - (tokensAt[i] ?? 0)))));
  }
  return { first: Float64Array.from(first).sort(), gaps: Float64Array.from(gaps).sort(), merged };
}
