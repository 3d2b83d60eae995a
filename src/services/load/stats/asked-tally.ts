import { defined } from '../../defined.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { AskedFigures, LengthFigures, TurnFigures } from '../workload/figures.ts';
import { nearestRank, round } from './percentiles.ts';
import { Column } from './samples-over-time.ts';

/** What the requests of one kind asked for, and what came of it. */
class Kind {
  sent = 0;
  ok = 0;
  readonly response = new Column();
  readonly ttft = new Column();
  readonly input = new Column();
  readonly maxTokens = new Column();
  readonly countedInput = new Column();
  readonly countedOutput = new Column();

  add({ outcome, latenessMs = 0, serviceMs, ttft_ms: first, figures, ...asked }: RequestRecord): void {
    this.sent++;
    push(this.input, asked.input_tokens_asked);
    push(this.maxTokens, asked.max_tokens);
    if (outcome !== 'ok' || serviceMs === undefined) return;
    this.ok++;
    this.response.push(latenessMs + serviceMs);
    push(this.ttft, first === undefined ? undefined : latenessMs + first);
    push(this.countedInput, figures?.prompt_tokens);
    push(this.countedOutput, figures?.output_tokens);
  }
}

function push(column: Column, value: number | undefined): void {
  if (value !== undefined) column.push(value);
}

/** Kinds of requests by their key, made when they are first seen. */
class Kinds<Key> {
  readonly #kinds = new Map<Key, Kind>();

  add(key: Key, record: RequestRecord): void {
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      kind = new Kind();
      this.#kinds.set(key, kind);
    }
    kind.add(record);
  }

  /** @returns undefined of none */
  summary(order: (a: Key, b: Key) => number) {
    if (this.#kinds.size === 0) return undefined;
    return [...this.#kinds].sort(([a], [b]) => order(a, b)).map(([key, kind]) => ({ key, figures: figuresOf(kind) }));
  }
}

/** Adds up what was asked, by the class of the mix. */
export class AskedTally {
  readonly #kinds = new Kinds<string | undefined>();

  add(record: RequestRecord): void {
    const { mix, input_tokens_asked: input, max_tokens: most } = record;
    // One prompt for all: the other figures tell it.
    if (mix !== undefined || input !== undefined || most !== undefined) this.#kinds.add(mix, record);
  }

  /** @returns undefined where nothing was asked but one prompt */
  summary(): AskedFigures[] | undefined {
    const kinds = this.#kinds.summary((a = '', b = '') => a.localeCompare(b));
    return kinds?.map(({ key: name, figures }) => defined({ name, ...figures }));
  }
}

/** Turns that are told one by one; later ones are told together, twice as many each time: 9 to 16, 17 to 32. */
const SINGLE_TURNS = 8;

/** Adds up the requests of sessions by their turn: what a cache of their history is worth shows between the first and later ones. */
export class TurnTally {
  readonly #kinds = new Kinds<number>();

  add(record: RequestRecord): void {
    if (record.turn === undefined) return;
    // Records count them from 0.
    const turn = record.turn + 1;
    this.#kinds.add(turn <= SINGLE_TURNS ? turn : 2 ** Math.floor(Math.log2(turn - 1)) + 1, record);
  }

  /** @returns undefined where there are no sessions */
  summary(): TurnFigures[] | undefined {
    return this.#kinds
      .summary((a, b) => a - b)
      ?.map(({ key: turn, figures: { input: _, maxTokens: __, ...figures } }) =>
        turn <= SINGLE_TURNS ? { turn, ...figures } : { turn, to: 2 * (turn - 1), ...figures },
      );
  }
}

function figuresOf({ sent, ok, ...columns }: Kind) {
  return defined({
    sent,
    ok,
    response: middleOf(columns.response),
    ttft: middleOf(columns.ttft),
    input: lengthFigures(columns.input.view()),
    maxTokens: lengthFigures(columns.maxTokens.view()),
    countedInput: lengthFigures(columns.countedInput.view()),
    countedOutput: lengthFigures(columns.countedOutput.view()),
  });
}

function middleOf(column: Column) {
  const figures = lengthFigures(column.view());
  return figures && { p50: round(figures.p50), p95: round(figures.p95) };
}

/** @returns undefined of nothing */
export function lengthFigures(values: ArrayLike<number>): LengthFigures | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const at = (fraction: number) => sorted[nearestRank(fraction, sorted.length)] as number;
  const mean = Number((sorted.reduce((sum, each) => sum + each, 0) / sorted.length).toFixed(1));
  return { mean, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) as number, count: sorted.length };
}
