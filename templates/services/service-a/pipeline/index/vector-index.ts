import { create, insertMultiple, searchVector } from '@orama/orama';
import type { Vectors } from './vector-file.ts';

export interface Hit {
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
  const documents = Array.from({ length: count }, (_, index) => ({
    id: String(index),
    // Orama's type knows arrays alone; it makes these of them.
    vector: values.subarray(index * dimensions, (index + 1) * dimensions) as unknown as number[],
  }));
  await insertMultiple(database, documents, BATCH);
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
