import { setImmediate } from 'node:timers/promises';
import { create, insertMultiple, searchVector } from '@orama/orama';
import type { Vectors } from './vector-file.ts';

interface Hit {
  /** Which of the vectors. */
  readonly index: number;
  /** Cosine, -1 to 1. */
  readonly score: number;
}

/** An index that can be asked; the vectors are all compared, so what it finds is exact. */
export interface VectorIndex {
  readonly dimensions: number;
  search(vector: readonly number[], top: number): Promise<readonly Hit[]>;
}

/** Inserted at a time; other work goes on in between. */
const BATCH = 500;

export async function openVectorIndex({ dimensions, values }: Vectors): Promise<VectorIndex> {
  const database = create({ schema: { vector: `vector[${dimensions}]` } as const });
  const count = values.length / dimensions;
  for (let at = 0; at < count; at += BATCH) {
    const documents = Array.from({ length: Math.min(BATCH, count - at) }, (_, index) => {
      const from = (at + index) * dimensions;
      return { id: String(at + index), vector: Array.from(values.subarray(from, from + dimensions)) };
    });
    await insertMultiple(database, documents, BATCH);
    await setImmediate();
  }
  return {
    dimensions,
    async search(vector, top) {
      const { hits } = await searchVector(database, {
        mode: 'vector',
        vector: { value: [...vector], property: 'vector' },
        // Orama leaves out what is less alike than this.
        similarity: -1,
        limit: top,
      });
      return hits.map(({ id, score }) => ({ index: Number(id), score }));
    },
  };
}
