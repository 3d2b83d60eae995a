import { defined } from '../../defined.ts';
import { type DatasetRef, readDataset } from './dataset.ts';
import { charactersOf, type Entry, turnsOf } from './entries.ts';
import { JsonStore } from './json-store.ts';
import type { Place } from './records.ts';
import type { WorkloadSettings } from './settings.ts';
import { SourceFault } from './source-file.ts';
import { readTrace, type Trace } from './trace.ts';

/** How long an entry of a data set is: as one request, or as a turn of the conversation that it is. */
export interface EntrySizes {
  readonly characters: number;
  readonly maxTokens?: number;
  readonly answerCharacters?: number;
}

/** Numbers that are kept of each entry. */
const KEPT = 5;

const NONE = 0xffff_ffff;

/** Places that are named. */
const SHOWN = 3;

/** Entries that tell nothing of how long their answers are. */
export interface Unsized {
  count: number;
  /** Where the first ones stand. */
  readonly places: Place[];
}

/** A data set that was read: how long its entries are, and where they are to be sent their texts. */
export class LoadedDataset {
  readonly #sizes: number[] = [];
  /** Characters of the answers to all turns, entry after entry. */
  readonly #answers: number[] = [];
  readonly #texts = new JsonStore<Entry>();
  readonly #kept: number;
  /** Whether any entry has a number for its answer. */
  tellsMaxTokens = false;
  /** Of entries that are one request each, and of conversations in which any turn lacks an answer. */
  readonly unsized: Readonly<Record<'requests' | 'conversations', Unsized>> = {
    requests: { count: 0, places: [] },
    conversations: { count: 0, places: [] },
  };

  /** @param kept of so many entries the texts are kept; default all */
  constructor(kept = Number.POSITIVE_INFINITY) {
    this.#kept = kept;
  }

  readonly add = (entry: Entry, place: Place): void => {
    const { maxTokens = NONE, answerCharacters = NONE } = entry;
    const turns = turnsOf(entry);
    this.tellsMaxTokens ||= maxTokens !== NONE;
    if (maxTokens === NONE) {
      const { requests, conversations } = this.unsized;
      if (answerCharacters === NONE) note(requests, place);
      if (turns.answers.includes(undefined)) note(conversations, place);
    }
    this.#sizes.push(charactersOf(entry), maxTokens, answerCharacters, charactersOf(turns), this.#answers.length);
    for (const characters of turns.answers) this.#answers.push(characters ?? NONE);
    if (this.#texts.size < this.#kept) this.#texts.add(entry);
  };

  /** @param turn of its conversation, the first is 0; absent: all of it is one request */
  sizes(at: number, turn?: number): EntrySizes {
    const [whole, maxTokens, answer, opening, from] = this.#of(at);
    const answered = turn === undefined ? answer : turn < this.turns(at) ? this.#answers[from + turn] : NONE;
    return defined({
      characters: turn === undefined ? whole : opening,
      maxTokens: maxTokens === NONE ? undefined : maxTokens,
      answerCharacters: answered === NONE ? undefined : answered,
    });
  }

  /** Requests that an entry makes as a conversation. */
  turns(at: number): number {
    const next = (at + 1) * KEPT < this.#sizes.length ? this.#of(at + 1)[4] : this.#answers.length;
    return next - this.#of(at)[4];
  }

  #of(at: number) {
    return this.#sizes.slice(KEPT * at, KEPT * (at + 1)) as [number, number, number, number, number];
  }

  /** @throws Error where its text was not kept */
  entry(at: number): Entry {
    return this.#texts.at(at);
  }
}

function note(unsized: Unsized, place: Place): void {
  if (unsized.count++ < SHOWN) unsized.places.push(place);
}

/** The data sets and the trace of a load, as far as a process needs them. */
export class LoadedData {
  readonly trace: Trace | undefined;
  readonly #datasets: ReadonlyMap<string, LoadedDataset>;

  constructor(datasets: ReadonlyMap<string, LoadedDataset> = new Map(), trace?: Trace) {
    this.#datasets = datasets;
    this.trace = trace;
  }

  /** See {@link LoadedDataset.sizes}. */
  sizes({ sha256 }: DatasetRef, at: number, turn?: number): EntrySizes {
    return this.#of(sha256).sizes(at, turn);
  }

  turns({ sha256 }: DatasetRef, at: number): number {
    return this.#of(sha256).turns(at);
  }

  entry({ sha256 }: DatasetRef, at: number): Entry {
    return this.#of(sha256).entry(at);
  }

  /** The name of a file of the workload that tells the most tokens of an answer itself; undefined where none does. */
  tellsMaxTokens(settings: WorkloadSettings): string | undefined {
    if (this.trace?.rows.some(({ maxTokens }) => maxTokens !== undefined)) return this.trace.file.name;
    return datasetsOf(settings).find(({ sha256 }) => this.#of(sha256).tellsMaxTokens)?.name;
  }

  /** See {@link LoadedDataset.unsized}. */
  unsized({ sha256 }: DatasetRef, as: keyof LoadedDataset['unsized']): Unsized {
    return this.#of(sha256).unsized[as];
  }

  #of(sha256: string): LoadedDataset {
    const found = this.#datasets.get(sha256);
    if (found === undefined) throw new Error(`the data set ${sha256} was not read`);
    return found;
  }
}

/** The data sets that a load takes requests from, each once. */
export function datasetsOf({ dataset, mix = [] }: WorkloadSettings): DatasetRef[] {
  const all = [dataset, ...mix.map((each) => each.dataset)].filter((each) => each !== undefined);
  return [...new Map(all.map((each) => [each.sha256, each])).values()];
}

/** Texts that are kept by a process that sends no load: single requests are made of them. */
export const FEW_TEXTS = 64;

/**
 * Reads what a load refers to, again.
 *
 * @param kept of so many entries the texts are kept; default all
 * @throws RemedyError (exit 2) when a file is not there or is no longer the one that it was
 */
export async function loadData(settings: WorkloadSettings, kept?: number): Promise<LoadedData> {
  const datasets = new Map<string, LoadedDataset>();
  for (const { path, sha256 } of datasetsOf(settings)) {
    const loaded = new LoadedDataset(kept);
    const found = await readDataset(path, 'dataset', loaded.add);
    if (found.sha256 !== sha256) throw changed('dataset', path);
    datasets.set(sha256, loaded);
  }
  const { trace: ref } = settings;
  if (ref === undefined) return new LoadedData(datasets);
  const trace = await readTrace(ref.path, kept);
  if (trace.file.sha256 !== ref.sha256) throw changed('trace', ref.path);
  return new LoadedData(datasets, trace);
}

let last: { readonly key: string; readonly data: Promise<LoadedData> } | undefined;

/** What a load refers to, with its texts: read once by a process, whatever the number of its points. */
export function dataOf(settings: WorkloadSettings | undefined): Promise<LoadedData> {
  if (settings === undefined || (settings.trace === undefined && datasetsOf(settings).length === 0)) {
    return Promise.resolve(new LoadedData());
  }
  const key = [settings.trace, ...datasetsOf(settings)].map((each) => `${each?.path}:${each?.sha256}`).join('\n');
  if (last?.key !== key) last = { key, data: loadData(settings) };
  return last.data;
}

/** The refusal of a file that is not the one of the run. */
export function changed(flag: string, path: string) {
  const next = 'bring the file back as it was, or begin a new run';
  return new SourceFault(flag, path).make('it is no longer the file that the load began with', [next], 'data-changed');
}
