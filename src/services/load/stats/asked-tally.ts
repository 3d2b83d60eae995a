import { defined } from '../../defined.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { AskedFigures, LengthFigures } from '../workload/figures.ts';
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

/** Adds up what was asked, by the class of the mix. */
export class AskedTally {
  readonly #kinds = new Map<string | undefined, Kind>();

  add(record: RequestRecord): void {
    const { mix, input_tokens_asked: input, max_tokens: most } = record;
    // One prompt for all: the other figures tell it.
    if (mix === undefined && input === undefined && most === undefined) return;
    let kind = this.#kinds.get(mix);
    if (kind === undefined) {
      kind = new Kind();
      this.#kinds.set(mix, kind);
    }
    kind.add(record);
  }

  /** @returns undefined where nothing was asked but one prompt */
  summary(): AskedFigures[] | undefined {
    if (this.#kinds.size === 0) return undefined;
    const named = [...this.#kinds].sort(([a = ''], [b = '']) => a.localeCompare(b));
    return named.map(([name, { sent, ok, ...columns }]) =>
      defined({
        name,
        sent,
        ok,
        response: middleOf(columns.response),
        ttft: middleOf(columns.ttft),
        input: lengthFigures(columns.input.view()),
        maxTokens: lengthFigures(columns.maxTokens.view()),
        countedInput: lengthFigures(columns.countedInput.view()),
        countedOutput: lengthFigures(columns.countedOutput.view()),
      }),
    );
  }
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
