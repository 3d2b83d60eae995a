import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readWhole } from '../../../src/services/files/read-whole.ts';
import { readSource } from '../../../src/services/load/workload/source-file.ts';

let folder: string;
let pipe: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-whole-'));
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await writeFile(join(folder, 'file'), 'x'.repeat(100_000));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a pipe that nobody writes into holds nothing up: neither a short file nor a file of data', async () => {
  await expect(readWhole(pipe, 100, 0)).rejects.toThrow('nobody wrote into it for 0 s');
  await expect(readSource(pipe, 'dataset', () => {})).rejects.toThrow('it is no file, and generators have to read it');
});

it('a pipe is read to its end, however late and in how many pieces', async () => {
  const writer = spawn('sh', ['-c', 'exec > "$0"; printf a; read _; printf b', pipe], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const text = readWhole(pipe, 100);
  writer.stdin.end('\n');
  expect((await text).toString()).toBe('ab');
});

it('a file, what has no end, what is empty, and what is too large', async () => {
  expect(await readWhole(join(folder, 'file'), 100_000)).toHaveLength(100_000);
  await expect(readWhole(join(folder, 'file'), 2 ** 16)).rejects.toThrow('it is larger than 0.0625 MiB');
  await expect(readWhole('/dev/zero', 2 ** 20)).rejects.toThrow('it is larger than 1 MiB');
  expect(await readWhole('/dev/null', 9)).toHaveLength(0);
  await expect(readWhole(folder, 9)).rejects.toThrow('it is a folder');
  await expect(readWhole(join(folder, 'none'), 9)).rejects.toMatchObject({ code: 'ENOENT' });
});
