import type { RequestRecord, StreamCounts, StreamedHop } from './request-record.ts';

/** What a streamed answer adds to its record; times in milliseconds from the sending. */
export interface Streamed extends StreamCounts {
  readonly ttftMs: number | undefined;
  readonly reasoningMs: number | undefined;
  readonly tpotMs: number | undefined;
  readonly gaps: Float32Array;
  /** Of a chain whose steps stream one after another or beside each other; absent where there is one or none. */
  readonly hops?: readonly StreamedHop[] | undefined;
}

/** Numbers a record: three times, four counts, how late the first may be, and flags. */
export const STREAM_WIDTH = 9;
const FLAGS = { withoutDone: 1, isEstimated: 2 } as const;

export function writeStream(into: Float64Array, row: number, stream: Streamed, isEstimated: boolean): void {
  const at = row * STREAM_WIDTH;
  into[at] = stream.ttftMs ?? Number.NaN;
  into[at + 1] = stream.reasoningMs ?? Number.NaN;
  into[at + 2] = stream.tpotMs ?? Number.NaN;
  into[at + 3] = stream.gaps.length;
  into[at + 4] = stream.events;
  into[at + 5] = stream.reads;
  into[at + 6] = stream.lateReads;
  into[at + 7] = stream.firstLateMs;
  into[at + 8] = (stream.withoutDone ? FLAGS.withoutDone : 0) | (isEstimated ? FLAGS.isEstimated : 0);
}

/** @returns the part of the record, and how many of the gaps are its own; nothing where it was not streamed */
export function readStream(
  streams: Float64Array,
  row: number,
): Pick<RequestRecord, 'ttft_ms' | 'reasoning_ttft_ms' | 'tpot_ms' | 'stream' | 'tokens_estimated'> & {
  readonly gapCount: number;
} {
  const at = row * STREAM_WIDTH;
  const number = (place: number) => streams[at + place] as number;
  const flags = number(8);
  if (streams.length === 0 || Number.isNaN(flags)) return { gapCount: 0 };
  const time = (place: number) => (Number.isNaN(number(place)) ? undefined : number(place));
  const [ttft, reasoning, tpot] = [time(0), time(1), time(2)];
  return {
    gapCount: number(3),
    ...(ttft === undefined ? {} : { ttft_ms: ttft }),
    ...(reasoning === undefined ? {} : { reasoning_ttft_ms: reasoning }),
    ...(tpot === undefined ? {} : { tpot_ms: tpot }),
    ...((flags & FLAGS.isEstimated) === 0 ? {} : { tokens_estimated: true }),
    stream: {
      events: number(4),
      reads: number(5),
      lateReads: number(6),
      firstLateMs: number(7),
      withoutDone: (flags & FLAGS.withoutDone) !== 0,
    },
  };
}
