import { defined } from '../../defined.ts';
import { drawLength, type Lengths } from './lengths.ts';
import { FEW_TEXTS, type LoadedData } from './loaded.ts';
import { numbersOf } from './mix-sequence.ts';
import { randomOf } from './random.ts';
import type { AskSettings, WorkloadSettings } from './settings.ts';
import { type TokenScale, USUAL_SCALE } from './token-scale.ts';
import type { StoredRow } from './trace.ts';

/** Which of a load's requests: its number, and in a conversation its turn. */
export interface Which {
  /** Number in the point, of a conversation that of its session; negative for the warm-up. */
  readonly number: number;
  /** The first is 0; absent: it is no turn, and what a data set has of a conversation is one request. */
  readonly turn?: number;
}

/** What a request asks for, without its text. The same seed and number make the same, in every process. */
export interface PlannedAsk {
  readonly settings: AskSettings;
  /** Of a mix. */
  readonly name?: string;
  /** Of the data set's entries. */
  readonly entry?: number;
  readonly row?: StoredRow;
  /** Of a synthetic prompt, as asked for; of a trace as recorded. */
  readonly inputTokens?: number;
  /** Where the length is known by letters instead. */
  readonly inputCharacters?: number;
  readonly maxTokens?: number;
}

/** Decides what each request of a load asks for. Knows of data sets and traces only how long things are. */
export class AskPlan {
  readonly #settings: WorkloadSettings;
  readonly #seed: number;
  readonly #data: LoadedData;
  readonly #scale: TokenScale;
  readonly #sequence: ((number: number) => { readonly at: number; readonly number: number }) | undefined;
  /** A shuffle of each data set's entries, by the digest. */
  readonly #orders = new Map<string, Uint32Array>();

  constructor(settings: WorkloadSettings, seed: number, data: LoadedData) {
    this.#settings = settings;
    this.#seed = seed;
    this.#data = data;
    this.#scale = settings.tokens ?? USUAL_SCALE;
    this.#sequence = settings.mix && numbersOf(settings.mix, seed);
  }

  at({ number, turn }: Which): PlannedAsk {
    const isFirst = (turn ?? 0) === 0;
    const row = this.#row(number);
    const drawn = this.#sequence?.(number);
    const mixed = drawn && this.#settings.mix?.[drawn.at];
    const settings = mixed ?? this.#settings;
    const { dataset, inputTokens, maxTokens } = settings;
    const entry = dataset && row?.text === undefined ? this.#entry(settings, drawn?.number ?? number) : undefined;
    const sizes = dataset && entry !== undefined ? this.#data.sizes(dataset, entry, turn) : undefined;
    const told = row?.maxTokens ?? sizes?.maxTokens;
    const knowsLength = row?.inputTokens !== undefined || row?.inputCharacters !== undefined || entry !== undefined;
    return defined({
      settings,
      name: mixed?.name,
      entry,
      row,
      inputTokens: row?.inputTokens ?? (knowsLength ? undefined : this.#draw(inputTokens, 'input', number, turn)),
      // What is said in a later turn is known to the texts alone.
      inputCharacters: row?.inputCharacters ?? (isFirst ? sizes?.characters : undefined),
      maxTokens:
        maxTokens === undefined || maxTokens.kind === 'dataset'
          ? (told ?? answerOf(sizes?.answerCharacters, maxTokens, this.#scale))
          : this.#draw(maxTokens, 'output', number, turn),
    });
  }

  /** Of the first requests, or turns of that number, the number of one that asks for as much as most do. */
  typical(turn?: number): number {
    const cost = (number: number) => {
      const { inputTokens = 0, inputCharacters = 0, maxTokens = 0 } = this.at(defined({ number, turn }));
      // Writing a token takes a model as long as reading many.
      return inputTokens + inputCharacters / this.#scale.charactersPerToken + 20 * maxTokens;
    };
    const costs = Array.from({ length: FEW_TEXTS }, (_, number) => ({ number, cost: cost(number) }));
    return costs.toSorted((a, b) => a.cost - b.cost)[FEW_TEXTS / 2]?.number ?? 0;
  }

  /** Requests that a session can make at most: those of its conversation, where a data set has it. */
  turnsOf(session: number): number {
    const { entry, settings } = this.at({ number: session, turn: 0 });
    if (settings.dataset === undefined || entry === undefined) return Number.POSITIVE_INFINITY;
    return this.#data.turns(settings.dataset, entry);
  }

  #draw(lengths: Lengths | undefined, purpose: 'input' | 'output', number: number, turn = 0) {
    if (lengths === undefined || lengths.kind === 'dataset') return undefined;
    return drawLength(lengths, randomOf(this.#seed, purpose, number, turn));
  }

  #row(number: number): StoredRow | undefined {
    const { trace } = this.#settings;
    return trace && this.#data.trace?.rows[number < 0 ? trace.requests + number : number % trace.requests];
  }

  /** Entries are used again from the beginning. */
  #entry({ dataset, datasetOrder }: AskSettings, number: number): number | undefined {
    if (dataset === undefined) return undefined;
    const { entries, sha256 } = dataset;
    const at = ((number % entries) + entries) % entries;
    if (datasetOrder === 'file') return at;
    let order = this.#orders.get(sha256);
    if (order === undefined) {
      order = shuffled(entries, this.#seed);
      this.#orders.set(sha256, order);
    }
    return order[at];
  }
}

/** The answer that was recorded, where its length is asked for. */
function answerOf(characters: number | undefined, lengths: Lengths | undefined, { charactersPerToken }: TokenScale) {
  if (lengths?.kind !== 'dataset' || characters === undefined) return undefined;
  return Math.max(1, Math.round(characters / charactersPerToken));
}

/** Fisher and Yates' shuffle: each entry once in every round. */
function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  const random = randomOf(seed, 'shuffle', 0);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const moved = order[at] as number;
    order[at] = order[other] as number;
    order[other] = moved;
  }
  return order;
}
