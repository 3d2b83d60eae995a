import { markKey, markOf } from '../../chain/prompt-mark.ts';
import { defined } from '../../defined.ts';
import { type PromptOptions, promptText, seedOfTexts, sharedPrefix } from '../prompt.ts';
import type { Ask } from '../protocols/ask.ts';
import { AskPlan, type PlannedAsk } from './ask-plan.ts';
import { type Messages, turnsOf } from './entries.ts';
import type { LoadedData } from './loaded.ts';
import { randomOf } from './random.ts';
import type { WorkloadSettings } from './settings.ts';
import { charactersFor, USUAL_SCALE } from './token-scale.ts';
import { wordPool } from './words.ts';

/** Where a request stands in a conversation, and what was answered before. */
export interface TurnSoFar {
  readonly session: number;
  /** The first is 0. */
  readonly turn: number;
  readonly answers: readonly string[];
}

/** Tokens of a block of Mooncake's traces. */
const BLOCK_TOKENS = 512;
/** Blocks that are kept, since a prompt of a trace repeats those of others. */
const KEPT_BLOCKS = 10_000;

/** Writes what each request of a load asks. Any request can be made again: it is made of the seed and its number. */
export class AskWriter {
  readonly plan: AskPlan;
  readonly #settings: WorkloadSettings;
  readonly #prompt: PromptOptions;
  readonly #data: LoadedData;
  readonly #key: number;
  readonly #blocks = new Map<number, string>();

  constructor(settings: WorkloadSettings, prompt: PromptOptions, data: LoadedData) {
    this.plan = new AskPlan(settings, prompt.seed, data);
    this.#settings = settings;
    this.#prompt = prompt;
    this.#data = data;
    this.#key = markKey(seedOfTexts(prompt), prompt.series);
  }

  /** @param index of the request; negative for the warm-up */
  ask(index: number, so?: TurnSoFar): Ask {
    const { session: number, turn } = so ?? { session: index, turn: undefined };
    const planned = this.plan.at(defined({ number, turn }));
    const opening = turn ? this.plan.at({ number, turn: 0 }) : planned;
    const messages = this.#messages(opening, number, so);
    return defined({ messages, maxTokens: planned.maxTokens, request: index });
  }

  /** The first message is marked, and what a conversation adds to it is its own anyway. */
  #messages(planned: PlannedAsk, number: number, so: TurnSoFar | undefined): Messages {
    const { dataset } = planned.settings;
    if (dataset !== undefined && planned.entry !== undefined) {
      const entry = this.#data.entry(dataset, planned.entry);
      const { messages, more } = so === undefined ? { ...entry, more: [] } : turnsOf(entry);
      const [first, ...rest] = messages as [Messages[number], ...Messages];
      const marked = { ...first, content: this.#begin(planned, number) + first.content };
      return withHistory([marked, ...rest], so, (turn) => more[turn - 1] ?? '');
    }
    const text = planned.row?.text;
    const texts = this.#data.trace?.texts;
    if (text !== undefined && texts !== undefined && text < texts.size) {
      const [first, ...rest] = texts.at(text) as [Messages[number], ...Messages];
      return [{ ...first, content: this.#begin(planned, number) + first.content }, ...rest];
    }
    const first = { role: 'user', content: this.#written(planned, number) } as const;
    return withHistory([first], so, (turn) => this.#later(number, turn));
  }

  /** What all prompts have in common on purpose, and the mark after which they have nothing in common. */
  #begin({ settings }: PlannedAsk, number: number): string {
    const common = sharedPrefix(settings.sharedPrefixTokens ?? this.#prompt.sharedPrefixTokens ?? 0);
    return this.#settings.prompts === 'same' ? common : `${common}${markOf(this.#key, number)} `;
  }

  /** The first prompt of a request without a text of its own. */
  #written(planned: PlannedAsk, number: number): string {
    const hashIds = planned.row?.hashIds;
    if (hashIds !== undefined) return this.#blocksOf(hashIds, this.#characters(planned));
    const length = this.#characters(planned);
    if (length !== undefined) {
      const begin = this.#begin(planned, number);
      const own = begin.length - this.#commonLength(planned);
      return begin + wordPool(this.#prompt.seed).slice(this.#at(number, 0), length - own);
    }
    if (this.#settings.prompts === 'same') return this.#begin(planned, number) + this.#prompt.prompt;
    const tokens = planned.settings.sharedPrefixTokens;
    const options = tokens === undefined ? this.#prompt : { ...this.#prompt, sharedPrefixTokens: tokens };
    return promptText(options, markOf(this.#key, number));
  }

  #commonLength({ settings }: PlannedAsk): number {
    return sharedPrefix(settings.sharedPrefixTokens ?? this.#prompt.sharedPrefixTokens ?? 0).length;
  }

  #characters({ inputTokens, inputCharacters }: PlannedAsk): number | undefined {
    return inputTokens === undefined ? inputCharacters : charactersFor(inputTokens, this.#settings.tokens);
  }

  /** What the user says in a later turn: as long as the turn draws, or the prompt again. */
  #later(session: number, turn: number): string {
    const length = this.#characters(this.plan.at({ number: session, turn }));
    return length === undefined
      ? this.#prompt.prompt
      : wordPool(this.#prompt.seed).slice(this.#at(session, turn), length);
  }

  /** Where a request's words begin in the pool; for all the same where prompts are. */
  #at(number: number, turn: number): number {
    if (this.#settings.prompts === 'same') return 0;
    return randomOf(this.#key, 'words', number, turn)();
  }

  /** Equal blocks are equal text, wherever they come: that is what a cache of prefixes is to find. */
  #blocksOf(ids: readonly number[], length: number | undefined): string {
    const { charactersPerToken } = this.#settings.tokens ?? USUAL_SCALE;
    const size = Math.round(BLOCK_TOKENS * charactersPerToken);
    const text = ids.map((id) => this.#block(id, size)).join('');
    return length === undefined ? text : text.slice(0, length);
  }

  #block(id: number, size: number): string {
    const known = this.#blocks.get(id);
    if (known !== undefined) return known;
    const mark = `${markOf(this.#key, id)} `;
    const text = mark + wordPool(this.#prompt.seed).slice(randomOf(this.#key, 'words', id)(), size - mark.length);
    if (this.#blocks.size < KEPT_BLOCKS) this.#blocks.set(id, text);
    return text;
  }
}

/** The turns so far: what the user said and what the target answered, and what the user says now. */
function withHistory(messages: Messages, so: TurnSoFar | undefined, said: (turn: number) => string): Messages {
  if (so === undefined || so.turn === 0) return messages;
  const later = Array.from(
    { length: so.turn },
    (_, at): Messages => [
      { role: 'assistant', content: so.answers[at] ?? '' },
      { role: 'user', content: said(at + 1) },
    ],
  );
  return [...messages, ...later.flat()];
}
