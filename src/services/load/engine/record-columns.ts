import type { Outcome } from '../types.ts';
import { Floats } from './floats.ts';
import { type HopColumns, HopWriter, readHops } from './hop-columns.ts';
import { type AnswerFigures, FIGURES, type RequestRecord } from './request-record.ts';
import { readStream, STREAM_WIDTH, type Streamed, writeStream } from './stream-columns.ts';

const OUTCOMES: readonly Outcome[] = ['ok', 'http_error', 'transport_error', 'timeout', 'invalid', 'incomplete'];

/** index, intended, lateness, service: what every record has. */
const TIMES = 4;
/**
 * Records that are collected before they have to be taken: handing over 10,000 takes 2.5 ms, in which nothing is sent, and
 * at 40,000 requests per second that alone made one request in a hundred 1 to 2 ms late. At most 16,384 may be: each may
 * bring labels of its own, whose places have 16 bits.
 */
const BATCH_RECORDS = 1000;

/**
 * The records of a batch as columns: a few typed arrays pass between processes at a fraction of what as many objects
 * cost, and the generator does not leave garbage for every request.
 */
export interface RecordColumns {
  readonly count: number;
  /** Four numbers a record: index, intended, lateness and service, milliseconds. */
  readonly times: Float64Array;
  /** Three numbers a record: outcome, status, and place in `labels`. */
  readonly codes: Uint16Array;
  /** Class, error, host, why it ended, and the model, together: there are few different ones. */
  readonly labels: readonly Label[];
  /** A number for each of {@link FIGURES} a record, in their order, NaN for none; empty when no record has any. */
  readonly figures: Float64Array;
  /** What a streamed answer adds, see `stream-columns.ts`, NaN for none; empty when nothing was streamed. */
  readonly streams: Float64Array;
  /** Gaps between reads that brought tokens, of all records one after another, milliseconds. */
  readonly gaps: Float32Array;
  /** The steps of streamed chains. */
  readonly hops: HopColumns;
  /** Session and turn of a record; empty where requests belong to none. */
  readonly turns: Float64Array;
}

type Label = readonly [
  ...[name: string, error: string, host: string | undefined, finish: string | undefined, model: string | undefined],
];

/** The request's part that one look at its answer gives. */
export interface Judged {
  readonly outcome: Outcome;
  readonly class: string;
  readonly error: string;
  readonly host?: string;
  readonly model?: string;
  readonly figures?: AnswerFigures;
  readonly finish?: string;
  readonly tokens_estimated?: boolean;
}

/** Collects the records of a batch, until it is full. */
export class RecordWriter {
  readonly #times = new Float64Array(BATCH_RECORDS * TIMES);
  readonly #codes = new Uint16Array(BATCH_RECORDS * 3);
  readonly #figures = new Float64Array(BATCH_RECORDS * FIGURES.length).fill(Number.NaN);
  readonly #turns = new Float64Array(BATCH_RECORDS * 2).fill(Number.NaN);
  readonly #streams = new Float64Array(BATCH_RECORDS * STREAM_WIDTH).fill(Number.NaN);
  #hasFigures = false;
  #hasStreams = false;
  #hasTurns = false;
  readonly #gaps = new Floats();
  readonly #hops = new HopWriter();
  #labels: Label[] = [];
  readonly #places = new Map<string, number>();
  #count = 0;

  /** Whether they have to be taken before the next one is added. */
  get full(): boolean {
    return this.#count === BATCH_RECORDS;
  }

  add(
    index: number,
    intendedMs: number,
    latenessMs: number,
    serviceMs: number,
    status: number,
    judged: Judged,
    stream?: Streamed,
    turn?: { readonly session: number; readonly turn: number },
  ): void {
    const row = this.#count++;
    const times = this.#times;
    times[row * 4] = index;
    times[row * 4 + 1] = intendedMs;
    times[row * 4 + 2] = latenessMs;
    times[row * 4 + 3] = serviceMs;
    this.#codes[row * 3] = OUTCOMES.indexOf(judged.outcome);
    this.#codes[row * 3 + 1] = status;
    this.#codes[row * 3 + 2] = this.#label(judged);
    if (judged.figures !== undefined) {
      this.#hasFigures = true;
      for (let i = 0; i < FIGURES.length; i++) {
        const value = judged.figures[FIGURES[i] as keyof AnswerFigures];
        if (value !== undefined) this.#figures[row * FIGURES.length + i] = value;
      }
    }
    if (turn !== undefined) {
      this.#hasTurns = true;
      this.#turns[row * 2] = turn.session;
      this.#turns[row * 2 + 1] = turn.turn;
    }
    if (stream !== undefined) {
      this.#hasStreams = true;
      writeStream(this.#streams, row, stream, judged.tokens_estimated === true);
      this.#gaps.pushAll(stream.gaps);
      if (stream.hops !== undefined) this.#hops.add(row, stream.hops);
    }
  }

  /** Everything since the last call; valid until the next `add`. */
  take(): RecordColumns {
    const count = this.#count;
    const columns = {
      count,
      times: this.#times.subarray(0, count * TIMES),
      codes: this.#codes.subarray(0, count * 3),
      labels: this.#labels,
      figures: taken(this.#figures, this.#hasFigures, count * FIGURES.length),
      streams: taken(this.#streams, this.#hasStreams, count * STREAM_WIDTH),
      gaps: this.#gaps.view().slice(),
      hops: this.#hops.take(),
      turns: taken(this.#turns, this.#hasTurns, count * 2),
    };
    this.#count = 0;
    this.#hasFigures = false;
    this.#hasStreams = false;
    this.#hasTurns = false;
    this.#gaps.clear();
    this.#labels = [];
    this.#places.clear();
    return columns;
  }

  #label({ class: name, error, host, finish, model }: Judged): number {
    const last = this.#labels.length - 1;
    const newest = this.#labels[last];
    const isSame = newest?.[0] === name && newest[1] === error && newest[2] === host && newest[3] === finish;
    if (isSame && newest[4] === model) return last;
    const key = `${name}\0${error}\0${host ?? '\0'}\0${finish ?? '\0'}\0${model ?? '\0'}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#labels.push([name, error, host, finish, model]);
    this.#places.set(key, last + 1);
    return last + 1;
  }
}

/** What not every record has is NaN until it is written, and again once it was taken. */
function taken(column: Float64Array, isUsed: boolean, length: number): Float64Array {
  if (!isUsed) return new Float64Array();
  const copy = column.slice(0, length);
  column.fill(Number.NaN, 0, length);
  return copy;
}

/**
 * @param isClosed they are of a closed loop
 * @returns the records as everything outside the engine knows them, in the order in which they ended
 */
export function readColumns(columns: RecordColumns, isClosed = false): RequestRecord[] {
  const { count, times, codes, labels, figures, streams, gaps, turns } = columns;
  const records: RequestRecord[] = [];
  const hopsOf = readHops(columns.hops);
  let gap = 0;
  for (let row = 0; row < count; row++) {
    const [name, error, host, finish, model] = labels[codes[row * 3 + 2] as number] as (typeof labels)[number];
    const inAnswer = figuresOf(figures, row);
    const { gapCount, ...stream } = readStream(streams, row);
    const hops = hopsOf.get(row);
    records.push({
      index: times[row * 4] as number,
      intendedMs: times[row * 4 + 1] as number,
      latenessMs: isClosed ? 0 : (times[row * 4 + 2] as number),
      ...(isClosed ? { idleMs: times[row * 4 + 2] as number } : {}),
      serviceMs: times[row * 4 + 3] as number,
      outcome: OUTCOMES[codes[row * 3] as number] as Outcome,
      class: name,
      status: codes[row * 3 + 1] as number,
      error,
      ...(host === undefined ? {} : { host }),
      ...(inAnswer === undefined ? {} : { figures: inAnswer }),
      ...(finish === undefined ? {} : { finish }),
      ...(model === undefined ? {} : { model }),
      ...(turns.length === 0 ? {} : { session: turns[row * 2] as number, turn: turns[row * 2 + 1] as number }),
      ...stream,
      ...(hops === undefined ? {} : { hops }),
      ...(gapCount === 0 ? {} : { itl_ms: Array.from(gaps.subarray(gap, gap + gapCount)) }),
    });
    gap += gapCount;
  }
  return records;
}

function figuresOf(figures: Float64Array, row: number): AnswerFigures | undefined {
  if (figures.length === 0) return undefined;
  let found: Record<string, number> | undefined;
  for (let i = 0; i < FIGURES.length; i++) {
    const value = figures[row * FIGURES.length + i] as number;
    if (Number.isNaN(value)) continue;
    found ??= {};
    found[FIGURES[i] as string] = value;
  }
  return found;
}
