import { defined } from '../../defined.ts';
import type { AnswerFigures, RequestRecord } from '../engine/request-record.ts';
import type { RequestProtocol } from '../protocols/protocol.ts';
import type { Waterfall } from '../types.ts';
import { round } from './percentiles.ts';

/** What a hop spends: waiting for a place, in its engine's queue, and on its model, which works in three steps. */
const PARTS = ['queue', 'engineQueue', 'model', 'load', 'prompt', 'generation'] as const;

/** Of one answer in seconds, or a sum in milliseconds; what nobody tells is undefined. Of the engine's, all or none is told. */
type Hop = { [Part in (typeof PARTS)[number]]?: number | undefined };

/** Sums of milliseconds over answers that tell the same things. */
interface Sums {
  readonly a: Hop;
  readonly b: Hop;
  clientWait: number;
  network: number;
  bWait: number;
  count: number;
}

/**
 * Adds up, over the successes that carry all the figures, where their response time went. Times of different machines
 * are never subtracted from each other, only durations: no clock has to agree. Answers of services that tell more are not
 * mixed with those of services that tell less.
 */
export class HopTimes {
  readonly #isChain: boolean;
  /** By what is told: a bit for each of A's queue and engine and B's. */
  readonly #byDetail = new Map<number, Sums>();

  constructor({ isChain }: Pick<RequestProtocol, 'isChain'>) {
    this.#isChain = isChain;
  }

  add({ outcome, latenessMs, serviceMs, figures }: RequestRecord): void {
    if (outcome !== 'ok' || latenessMs === undefined || serviceMs === undefined || figures === undefined) return;
    const { ollama_seconds: calledB, total_seconds: total } = figures;
    const calledA = this.#isChain ? figures.a_local_seconds : 0;
    if (calledB === undefined || total === undefined || calledA === undefined) return;
    const [a, b] = [hopOf(figures, 'a_', calledA), hopOf(figures, 'b_', calledB)];
    const bWait = total - (b.queue ?? 0) - calledB;
    const sums = this.#sumsOf(a, b);
    sums.count++;
    sums.clientWait += latenessMs;
    sums.bWait += bWait * 1000;
    sums.network += serviceMs - (accountedFor(a) + accountedFor(b) + bWait) * 1000;
    for (const part of PARTS) {
      if (a[part] !== undefined) sums.a[part] = (sums.a[part] ?? 0) + a[part] * 1000;
      if (b[part] !== undefined) sums.b[part] = (sums.b[part] ?? 0) + b[part] * 1000;
    }
  }

  /** Means in milliseconds; `network` is the remainder, so that the parts add up to the mean response time. */
  summary(): Waterfall | undefined {
    const most = [...this.#byDetail].sort(([more, a], [less, b]) => b.count - a.count || more - less)[0]?.[1];
    if (most === undefined) return undefined;
    const { a, b, count } = most;
    const mean = (total = 0) => round(total / count);
    const meanIfAny = (total: number | undefined) => (total === undefined ? undefined : mean(total));
    const work = ({ load, prompt, generation }: Hop) =>
      load === undefined ? undefined : { load: mean(load), prompt: mean(prompt), generation: mean(generation) };
    return defined({
      clientWait: mean(most.clientWait),
      aQueue: meanIfAny(a.queue),
      aEngineQueue: meanIfAny(a.engineQueue),
      aWork: work(a),
      a: mean(a.model),
      network: mean(most.network),
      bQueue: meanIfAny(b.queue),
      bEngineQueue: meanIfAny(b.engineQueue),
      bWork: work(b),
      bModel: mean(b.model),
      bWait: mean(most.bWait),
      count,
    });
  }

  #sumsOf(a: Hop, b: Hop): Sums {
    const isTold = [a.queue, a.load, b.queue, b.load].map((part) => part !== undefined);
    const detail = isTold.reduce((bits, known, bit) => bits + (known ? 2 ** bit : 0), 0);
    const sums = this.#byDetail.get(detail) ?? { a: {}, b: {}, clientWait: 0, network: 0, bWait: 0, count: 0 };
    this.#byDetail.set(detail, sums);
    return sums;
  }
}

/** @param called seconds that the service waited for its engine; what is beyond the engine's own total is between the two */
function hopOf(figures: AnswerFigures, prefix: 'a_' | 'b_', called: number): Hop {
  const queue = figures[`${prefix}queue_seconds`];
  const engineQueue = figures[`${prefix}engine_queue_seconds`];
  const load = figures[`${prefix}load_seconds`];
  const prompt = figures[`${prefix}prompt_seconds`];
  const generation = figures[`${prefix}generation_seconds`];
  const isTold = engineQueue !== undefined && load !== undefined && prompt !== undefined && generation !== undefined;
  return isTold
    ? { queue, engineQueue, model: load + prompt + generation, load, prompt, generation }
    : { queue, model: called };
}

function accountedFor({ queue = 0, engineQueue = 0, model = 0 }: Hop): number {
  return queue + engineQueue + model;
}
