import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { putFile } from '../../../src/services/machine/put-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-put-'));
  await writeFile(join(folder, 'manifest.json'), 'old');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const content = `{"täglich":"${'x'.repeat(3000)}"}\n`;
const script = () => putFile(join(folder, 'manifest.json'), content, '640');
const text = () => readFile(join(folder, 'manifest.json'), 'utf8');

it('puts a file in its place with its mode', async () => {
  execFileSync('sh', ['-c', script()], { input: content });
  expect(await text()).toBe(content);
  expect((await stat(join(folder, 'manifest.json'))).mode & 0o777).toBe(0o640);
});

it('leaves the old one whole where a connection ends on the way, or the system takes no more', async () => {
  expect(spawnSync('sh', ['-c', script()], { input: content.slice(0, 900) }).status).toBe(74);
  const limited = spawnSync('sh', ['-c', `ulimit -f 1; ${script()}`], { input: content });
  expect(limited.status).toBe(74);
  expect(await text()).toBe('old');
  expect(await readdir(folder)).toEqual(['manifest.json']);
});
