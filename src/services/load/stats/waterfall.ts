import type { RequestRecord } from '../engine/protocol.ts';
import type { AnswerKind } from '../target.ts';
import type { Waterfall } from '../types.ts';

/**
 * Adds up, over the successes that carry all the figures, where their response time went. Times of different machines
 * are never subtracted from each other, only durations: no clock has to agree.
 */
export class HopTimes {
  readonly #kind: AnswerKind;
  #count = 0;
  #clientWait = 0;
  #service = 0;
  #a = 0;
  #bModel = 0;
  #bTotal = 0;

  constructor(kind: AnswerKind) {
    this.#kind = kind;
  }

  add({ outcome, latenessMs, serviceMs, figures }: RequestRecord): void {
    if (outcome !== 'ok' || latenessMs === undefined || serviceMs === undefined || figures === undefined) return;
    const { ollama_seconds: model, total_seconds: total } = figures;
    const a = this.#kind === 'chain' ? figures.a_local_seconds : 0;
    if (model === undefined || total === undefined || a === undefined) return;
    this.#count++;
    this.#clientWait += latenessMs;
    this.#service += serviceMs;
    this.#a += a * 1000;
    this.#bModel += model * 1000;
    this.#bTotal += total * 1000;
  }

  /** Means in milliseconds; `network` is the remainder, so that the parts add up to the mean response time. */
  summary(): Waterfall | undefined {
    if (this.#count === 0) return undefined;
    const mean = (sum: number) => Math.round((sum / this.#count) * 1000) / 1000;
    return {
      clientWait: mean(this.#clientWait),
      a: mean(this.#a),
      network: mean(this.#service - this.#a - this.#bTotal),
      bModel: mean(this.#bModel),
      bWait: mean(this.#bTotal - this.#bModel),
      count: this.#count,
    };
  }
}
