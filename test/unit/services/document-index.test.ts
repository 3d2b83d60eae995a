import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '../../../templates/services/common/problem.ts';
import { BuildingIndex, type IndexOrder } from '../../../templates/services/service-a/pipeline/index/build-index.ts';

const TEXTS = ['north', 'east', 'south'];
const VECTORS: Readonly<Record<string, number[]>> = { north: [0, 2], east: [3, 0], south: [0, -1] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainctl-index-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function build(given: Partial<IndexOrder> & { id?: string } = {}) {
  const asked: string[][] = [];
  const said: string[] = [];
  const index = new BuildingIndex({
    step: 'find',
    embedStep: 'embed',
    chunks: TEXTS.map((text) => ({ id: text, text, metadata: null })),
    embedder: {
      id: () => given.id ?? 'model',
      async embed(texts) {
        asked.push([...texts]);
        return texts.map((text) => VECTORS[text] ?? []);
      },
    },
    folder,
    warn: (line) => said.push(line),
    ...given,
  });
  return { index, asked, said };
}

describe('an index of documents', () => {
  it('finds the nearest by their angle, and says what it is doing until it can', async () => {
    const { index } = build();
    expect(index.reason).toBe('index find is being built (0 of 3)');
    await index.built;
    expect(index.reason).toBeUndefined();
    const hits = await index.index?.search([1, 1.5], 2);
    expect(hits?.map((hit) => hit.index)).toEqual([0, 1]);
    expect(hits?.[0]?.score).toBeCloseTo(0.832, 3);
    expect(await index.index?.search([0, 0], 2)).toEqual([]);
  });

  it('keeps its vectors, and makes others for other documents, chunks or models', async () => {
    await build().index.built;
    const [kept] = readdirSync(folder);
    const again = build();
    await again.index.built;
    expect(again.asked).toEqual([]);
    expect((await again.index.index?.search([0, 1], 1))?.[0]).toMatchObject({ index: 0, score: 1 });
    const other = build({ id: 'other' });
    await other.index.built;
    expect(other.asked).toEqual([TEXTS]);
    // Those of before are gone.
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readdirSync(folder)).not.toContain(kept);
  });

  it.each([
    ['a byte that changed', (bytes: Buffer) => bytes.fill(1, bytes.length - 1)],
    ['an end that is missing', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3)],
    ['nothing in it', () => Buffer.alloc(0)],
    ['something else in it', () => Buffer.from('{"vectors": []}\n')],
  ])('makes vectors again where the kept ones have %s', async (_what, damage) => {
    await build().index.built;
    const path = join(folder, readdirSync(folder)[0] as string);
    writeFileSync(path, damage(readFileSync(path)));
    const again = build();
    await again.index.built;
    expect(again.asked).toEqual([TEXTS]);
    expect(await again.index.index?.search([0, 1], 1)).toHaveLength(1);
  });

  it('goes on without a folder that it can write to, and says so', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { index, said } = build({ folder: join(file, 'below') });
    await index.built;
    expect(index.reason).toBeUndefined();
    expect(said[0]).toMatch(/^index find: the vectors are not kept in .*below, and are made again at the next start: /);
  });

  it('asks for vectors until they come, and names what is wrong in the meantime', async () => {
    let tries = 0;
    const pauses: number[] = [];
    const reasons: (string | undefined)[] = [];
    const { index, said } = build({
      embedder: {
        id: () => 'model',
        async embed(texts, { who }) {
          tries++;
          if (tries < 4) throw new Problem(502, `${who} error: engine cannot be reached`);
          return texts.map((text) => VECTORS[text] ?? []);
        },
      },
      async sleep(ms) {
        pauses.push(ms);
        reasons.push(index.reason);
      },
    });
    await index.built;
    expect(pauses).toEqual([1000, 2000, 4000]);
    expect(reasons[0]).toBe('index find is being built (0 of 3): step embed error: engine cannot be reached');
    expect(said[0]).toBe(
      'index find: attempt 1 failed: step embed error: engine cannot be reached; next attempt in 1 s',
    );
    expect(index.reason).toBeUndefined();
  });

  it('says for good what cannot become an index', async () => {
    const { index, said } = build({
      embedder: { id: () => 'model', embed: async () => [[1, 2], [1], [1, 2]] },
    });
    await index.built;
    expect(index.reason).toBe('index find cannot be built: one vector has 1 numbers, the first 2');
    expect(said).toEqual([index.reason]);
  });

  it('ends what it asks for when it is closed', async () => {
    const { index, said } = build({
      embedder: {
        id: () => 'model',
        embed: (_texts, { scope }) =>
          new Promise((_resolve, reject) => {
            scope.onCancel(reject);
          }),
      },
    });
    index.close();
    await index.built;
    expect(said).toEqual([]);
  });
});
