import type { AnswerFigures, RequestRecord } from '../engine/request-record.ts';
import type { RequestProtocol } from '../protocols/protocol.ts';
import type { ModelWork, Waterfall } from '../types.ts';

/** What one hop has spent, seconds; `undefined` where nobody tells. */
interface Hop {
  readonly queue: number | undefined;
  /** The engine's own times, all four or none. */
  readonly engine: { readonly queue: number; readonly work: ModelWork } | undefined;
}

/** Sums of milliseconds over answers that tell the same things. */
interface Sums {
  readonly of: Hops;
  readonly totals: Float64Array;
  count: number;
}

interface Hops {
  readonly a: Hop;
  readonly b: Hop;
}

/** Places of the sums. */
const CLIENT_WAIT = 0;
const NETWORK = 1;
const A = 2;
const B = 8;
const B_WAIT = 14;
const SIZE = 15;
/** Places of a hop's sums, from its first. */
const QUEUE = 0;
const ENGINE_QUEUE = 1;
const MODEL = 2;
const LOAD = 3;
const PROMPT = 4;
const GENERATION = 5;

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
    const hops = { a: hopOf(figures, 'a_'), b: hopOf(figures, 'b_') };
    const sums = this.#sumsOf(hops);
    const { totals } = sums;
    const inA = addHop(totals, A, hops.a, calledA);
    const inB = addHop(totals, B, hops.b, calledB);
    const bWait = total - (hops.b.queue ?? 0) - calledB;
    sums.count++;
    plus(totals, CLIENT_WAIT, latenessMs);
    plus(totals, B_WAIT, bWait * 1000);
    plus(totals, NETWORK, serviceMs - (inA + inB + bWait) * 1000);
  }

  /** Means in milliseconds; `network` is the remainder, so that the parts add up to the mean response time. */
  summary(): Waterfall | undefined {
    const most = [...this.#byDetail].sort(([more, a], [less, b]) => b.count - a.count || more - less)[0]?.[1];
    if (most === undefined) return undefined;
    const { totals, count, of } = most;
    const mean = (at: number) => Math.round(((totals[at] ?? 0) / count) * 1000) / 1000;
    const work = (hop: number) => ({
      load: mean(hop + LOAD),
      prompt: mean(hop + PROMPT),
      generation: mean(hop + GENERATION),
    });
    return {
      clientWait: mean(CLIENT_WAIT),
      ...(of.a.queue === undefined ? {} : { aQueue: mean(A + QUEUE) }),
      ...(of.a.engine === undefined ? {} : { aEngineQueue: mean(A + ENGINE_QUEUE), aWork: work(A) }),
      a: mean(A + MODEL),
      network: mean(NETWORK),
      ...(of.b.queue === undefined ? {} : { bQueue: mean(B + QUEUE) }),
      ...(of.b.engine === undefined ? {} : { bEngineQueue: mean(B + ENGINE_QUEUE), bWork: work(B) }),
      bModel: mean(B + MODEL),
      bWait: mean(B_WAIT),
      count,
    };
  }

  #sumsOf(hops: Hops): Sums {
    const { a, b } = hops;
    const key =
      (a.queue === undefined ? 0 : 1) +
      (a.engine === undefined ? 0 : 2) +
      (b.queue === undefined ? 0 : 4) +
      (b.engine === undefined ? 0 : 8);
    let sums = this.#byDetail.get(key);
    if (sums === undefined) {
      sums = { of: hops, totals: new Float64Array(SIZE), count: 0 };
      this.#byDetail.set(key, sums);
    }
    return sums;
  }
}

function hopOf(figures: AnswerFigures, prefix: 'a_' | 'b_'): Hop {
  const [queue, inEngine, load, prompt, generation] = (
    ['queue', 'engine_queue', 'load', 'prompt', 'generation'] as const
  ).map((part) => figures[`${prefix}${part}_seconds`]);
  const known = inEngine !== undefined && load !== undefined && prompt !== undefined && generation !== undefined;
  return { queue, engine: known ? { queue: inEngine, work: { load, prompt, generation } } : undefined };
}

/**
 * @param called seconds that the service waited for its engine; what is beyond the engine's own total is between the two
 * @returns seconds of this hop that are accounted for
 */
function addHop(totals: Float64Array, first: number, { queue = 0, engine }: Hop, called: number): number {
  plus(totals, first + QUEUE, queue * 1000);
  if (engine === undefined) {
    plus(totals, first + MODEL, called * 1000);
    return queue + called;
  }
  const { load, prompt, generation } = engine.work;
  const model = load + prompt + generation;
  plus(totals, first + ENGINE_QUEUE, engine.queue * 1000);
  plus(totals, first + MODEL, model * 1000);
  plus(totals, first + LOAD, load * 1000);
  plus(totals, first + PROMPT, prompt * 1000);
  plus(totals, first + GENERATION, generation * 1000);
  return queue + engine.queue + model;
}

function plus(totals: Float64Array, at: number, ms: number): void {
  totals[at] = (totals[at] ?? 0) + ms;
}
