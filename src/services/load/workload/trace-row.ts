import { splitRow } from '../record/csv-reader.ts';
import { type Messages, readEntry } from './entries.ts';
import { MOST_TOKENS } from './lengths.ts';
import { type Place, placeText } from './records.ts';
import type { SourceFault } from './source-file.ts';

/** A request of a trace. What it does not tell is drawn as for any other. */
export interface TraceRow {
  /** Milliseconds; from when is the trace's own matter. */
  readonly atMs: number;
  readonly messages?: Messages;
  readonly inputTokens?: number;
  readonly inputCharacters?: number;
  readonly maxTokens?: number;
  /** Mooncake's: which blocks of 512 tokens the prompt is made of. Equal ids are equal text. */
  readonly hashIds?: readonly number[];
  /** Of the service that was asked, in the request logs of chainctl's own. */
  readonly service?: string;
}

/** Mooncake's blocks have 512 tokens. */
const MOST_BLOCKS = Math.ceil(MOST_TOKENS / 512);

type Fields = Readonly<Record<string, unknown>>;
type Read = (value: unknown, row: Fields) => number | undefined;

const numberOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};
const times = (factor: number) => (value: unknown) => {
  const number = numberOf(value);
  return number === undefined ? undefined : number * factor;
};

/** Seconds since 1970 lie here, milliseconds that count from a trace's beginning do not. */
const EPOCH_SECONDS = { from: 1e9, to: 1e11 };

/** Milliseconds, as Mooncake's and AIPerf's traces have them; seconds since 1970; or a date. */
function timestamp(value: unknown): number | undefined {
  const number = numberOf(value);
  if (number === undefined) return dateMs(value);
  return number >= EPOCH_SECONDS.from && number < EPOCH_SECONDS.to ? number * 1000 : number;
}

/** `2023-11-16 18:17:03.9799600` or ISO 8601; without a zone it is UTC: only differences count. */
function dateMs(value: unknown): number | undefined {
  const form = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?$/;
  const [, day, time, fraction = '0', zone = 'Z'] = form.exec(String(value).trim()) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const ms = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(ms) ? undefined : ms + Number(fraction) * 1000;
}

/** A service writes its line when it answers: the request came as much earlier as it took. */
function logged(value: unknown, { end_to_end_seconds: chain, total_seconds: own }: Fields): number | undefined {
  const at = dateMs(value);
  return at === undefined ? undefined : at - 1000 * (numberOf(chain) ?? numberOf(own) ?? 0);
}

/** Fields that hold when a request came; the first that a trace has is meant. */
const TIMES: readonly (readonly [field: string, read: Read])[] = [
  ['intended_ms', times(1)],
  ['timestamp', timestamp],
  ['timestamp_ms', times(1)],
  ['created_time', times(1)],
  ['timestamp_s', times(1000)],
  ['arrived_at', times(1000)],
  ['arrival_time', times(1000)],
  ['ts', logged],
  ['TIMESTAMP', dateMs],
  ['Timestamp', times(1000)],
];

const INPUT_TOKENS = [
  'input_length',
  'input_tokens',
  'prompt_tokens',
  'num_prefill_tokens',
  'ContextTokens',
  'input_tokens_asked',
];
const OUTPUT_TOKENS = ['output_length', 'output_tokens', 'completion_tokens', 'num_decode_tokens', 'GeneratedTokens'];
/** BurstGPT's names. */
const [REQUEST_TOKENS, RESPONSE_TOKENS] = ['Request tokens', 'Response tokens'];
const TEXTS = ['messages', 'prompt', 'text_input', 'text', 'body'];

/** Reads the rows of one trace, whichever of the known forms it has. */
export class TraceReader {
  readonly #fault: SourceFault;
  #time: (typeof TIMES)[number] | undefined;

  constructor(fault: SourceFault) {
    this.#fault = fault;
  }

  /** Which field tells the times, once a row was read. */
  get timeField(): string {
    return this.#time?.[0] ?? '';
  }

  /** @throws RemedyError (exit 2) that names the place */
  row(fields: Fields, place: Place): TraceRow {
    this.#time ??= TIMES.find(([field]) => fields[field] !== undefined);
    const at = placeText(place);
    if (this.#time === undefined) {
      const has = Object.keys(fields).slice(0, 8).join(', ').slice(0, 120);
      throw this.#fault.make(`${at} has no time at which the request came: its fields are ${has}`, [
        'a trace is {"timestamp": MS, "input_length": N, "output_length": N} a line, or CSV with TIMESTAMP,ContextTokens,GeneratedTokens',
      ]);
    }
    const [field, read] = this.#time;
    const atMs = read(fields[field], fields);
    if (atMs === undefined) {
      throw this.#fault.make(`${at} has no time in "${field}": ${JSON.stringify(fields[field])?.slice(0, 60)}`);
    }
    const count = (names: readonly string[], least: number) => this.#count(fields, names, least, at);
    const inputTokens = count([...INPUT_TOKENS, REQUEST_TOKENS as string], 1);
    const maxTokens = count([...OUTPUT_TOKENS, RESPONSE_TOKENS as string, 'max_tokens'], 1);
    const inputCharacters = count(['prompt_len'], 1);
    const { hash_ids: ids, service } = fields;
    return {
      atMs,
      ...(TEXTS.some((name) => fields[name] !== undefined) ? this.#textOf(fields, place) : {}),
      ...(inputTokens === undefined ? {} : { inputTokens }),
      ...(inputCharacters === undefined ? {} : { inputCharacters }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...(Array.isArray(ids) && ids.length > 0 ? { hashIds: this.#ids(ids, at) } : {}),
      ...(typeof service === 'string' ? { service } : {}),
    };
  }

  #textOf(fields: Fields, place: Place): Pick<TraceRow, 'messages' | 'maxTokens'> {
    const { entry } = readEntry(fields, place, this.#fault);
    if (entry === undefined) throw this.#fault.make(`${placeText(place)} has a conversation in which nobody asks`);
    const { messages, maxTokens } = entry;
    return { messages, ...(maxTokens === undefined ? {} : { maxTokens }) };
  }

  /** A cell that is empty or 0 tells nothing: a request that failed has no tokens. */
  #count(fields: Fields, names: readonly string[], least: number, at: string): number | undefined {
    const name = names.find((each) => fields[each] !== undefined && fields[each] !== '' && fields[each] !== null);
    if (name === undefined) return undefined;
    const value = numberOf(fields[name]);
    if (value === undefined || value < 0) {
      throw this.#fault.make(`${at} has "${name}": ${JSON.stringify(fields[name])?.slice(0, 40)}, which is no number`);
    }
    if (value > MOST_TOKENS) {
      throw this.#fault.make(`${at} has "${name}": ${value}, and more than ${MOST_TOKENS} are no length`);
    }
    return value < least ? undefined : Math.round(value);
  }

  #ids(ids: readonly unknown[], at: string): number[] {
    if (ids.length > MOST_BLOCKS)
      throw this.#fault.make(`${at} has ${ids.length} "hash_ids", and at most ${MOST_BLOCKS} are taken`);
    if (ids.every((id) => typeof id === 'number' && Number.isSafeInteger(id) && id >= 0)) return ids as number[];
    throw this.#fault.make(`${at} has "hash_ids" that are no whole numbers`);
  }
}

/** Whether a first line is the header of a CSV file with a column of times. */
export function isCsvHeader(line: string): boolean {
  if (line.includes('{')) return false;
  const columns = splitRow(line.trim());
  return columns.length > 1 && TIMES.some(([field]) => columns.includes(field));
}
