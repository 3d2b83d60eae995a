import type { Chunk } from '../../../../../src/services/pipelines/documents.ts';
import { Problem } from '../../../common/problem.ts';
import { RequestScope } from '../../../common/request-scope.ts';
import type { Embedder } from '../step-kind.ts';
import { VectorFile, type Vectors } from './vector-file.ts';
import { openVectorIndex, type VectorIndex } from './vector-index.ts';

export interface IndexOrder {
  readonly step: string;
  /** The step that makes the vectors. */
  readonly embedStep: string;
  readonly chunks: readonly Chunk[];
  readonly embedder: Embedder;
  /** undefined: vectors are not kept. */
  readonly folder: string | undefined;
  readonly warn: (line: string) => void;
  /** Ends early when the index is closed. For tests. */
  readonly sleep?: (ms: number, scope: RequestScope) => Promise<void>;
}

const BATCH = 32;
const MOST_DIMENSIONS = 16_384;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** An index that is being built from the start on: what it needs may come up later than this service. */
export class BuildingIndex {
  readonly #order: IndexOrder;
  readonly #scope = new RequestScope(undefined, undefined);
  /** undefined as long as there is a reason. */
  index: VectorIndex | undefined;
  reason: string | undefined;
  readonly built: Promise<void>;

  constructor(order: IndexOrder) {
    this.#order = order;
    this.reason = this.#progress(0);
    this.built = this.#build().catch((error: unknown) => {
      if (error === CLOSED) return;
      this.reason = `index ${order.step} cannot be built: ${messageOf(error)}`;
      order.warn(this.reason);
    });
  }

  close(): void {
    this.#scope.cancel(CLOSED);
    this.#scope.end();
  }

  async #build(): Promise<void> {
    const { step, chunks, embedder, folder, warn } = this.#order;
    const key = JSON.stringify([embedder.id(), chunks.map(({ text }) => text)]);
    const file = folder === undefined ? undefined : new VectorFile(folder, step, key);
    const kept = file?.read(chunks.length);
    const vectors = kept ?? (await this.#embed());
    if (kept === undefined) {
      try {
        file?.write(vectors);
      } catch (error) {
        warn(
          `index ${step}: the vectors are not kept in ${folder}, and are made again at the next start: ${messageOf(error)}`,
        );
      }
    }
    this.index = await openVectorIndex(vectors);
    this.reason = undefined;
    warn(`index ${step}: ${chunks.length} parts${kept === undefined ? '' : ', vectors as kept'}`);
  }

  async #embed(): Promise<Vectors> {
    const { chunks } = this.#order;
    let values: Float32Array | undefined;
    let dimensions = 0;
    for (let at = 0; at < chunks.length; at += BATCH) {
      const batch = await this.#again(
        at,
        chunks.slice(at, at + BATCH).map(({ text }) => text),
      );
      dimensions ||= batch[0]?.length ?? 0;
      const wrong = batch.find((vector) => vector.length !== dimensions);
      if (wrong !== undefined) throw new Error(`one vector has ${wrong.length} numbers, the first ${dimensions}`);
      if (dimensions === 0 || dimensions > MOST_DIMENSIONS) throw new Error(`vectors have ${dimensions} numbers`);
      values ??= new Float32Array(chunks.length * dimensions);
      for (const [index, vector] of batch.entries()) values.set(vector, (at + index) * dimensions);
      this.reason = this.#progress(at + batch.length);
    }
    return { dimensions, values: values ?? new Float32Array() };
  }

  /** One batch, asked for until it comes. */
  async #again(at: number, texts: readonly string[]): Promise<readonly (readonly number[])[]> {
    const { step, embedStep, embedder, warn, sleep = asleep } = this.#order;
    for (let tries = 1; ; tries++) {
      try {
        const run = { scope: this.#scope, who: `step ${embedStep}`, headers: {} };
        return await embedder.embed(texts, run);
      } catch (error) {
        this.#scope.check();
        if (!(error instanceof Problem)) throw error;
        const why = error.message.startsWith(`step ${embedStep} `)
          ? error.message
          : `step ${embedStep} error: ${error.message}`;
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
        const next = `next attempt in ${pause / 1000} s`;
        warn(`index ${step}: attempt ${tries} failed: ${why}; ${next}`);
        this.reason = `${this.#progress(at)}: ${why}`;
        await sleep(pause, this.#scope);
      }
    }
  }

  #progress(done: number): string {
    const { step, chunks } = this.#order;
    return `index ${step} is being built (${done} of ${chunks.length})`;
  }
}

const CLOSED = new Problem(503, 'draining: this instance is shutting down');

function asleep(ms: number, scope: RequestScope): Promise<void> {
  return scope.sleepUntil(performance.now() + ms);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
