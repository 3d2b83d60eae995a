import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRun } from '../../../src/services/results/find-run.ts';

let results: string;

beforeAll(async () => {
  results = await mkdtemp(join(tmpdir(), 'chainctl-results-'));
  for (const id of ['20260131-095900-aws-chain', '20260201-000000-aws-chain']) {
    await mkdir(join(results, id));
    await writeFile(join(results, id, 'manifest.json'), '{}');
  }
  await mkdir(join(results, '20260301-000000-no-run'));
});

afterAll(() => rm(results, { recursive: true, force: true }));

test('by id, by folder, and the youngest', async () => {
  const first = join(results, '20260131-095900-aws-chain');
  expect(await findRun('20260131-095900-aws-chain', results)).toBe(first);
  expect(await findRun(first, 'elsewhere')).toBe(first);
  expect(await findRun('latest', results)).toBe(join(results, '20260201-000000-aws-chain'));
});

test('an unknown run names the latest ones', async () => {
  await expect(findRun('nope', results)).rejects.toMatchObject({
    code: 'run-unknown',
    exit: 2,
    nextSteps: [
      'name one of the latest: 20260201-000000-aws-chain, 20260131-095900-aws-chain',
      'name the folder of a run, its id or "latest"; --results names the folder that runs are in',
    ],
  });
  await expect(findRun('nope', results, { flag: '--out' })).rejects.toMatchObject({
    nextSteps: [
      expect.anything(),
      'name the folder of a run, its id or "latest"; --out names the folder that runs are in',
    ],
  });
  await expect(findRun('latest', join(results, 'missing'))).rejects.toMatchObject({ code: 'run-unknown' });
});
