import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeAbandonedDrafts } from '../../src/services/files/write-durably.ts';

it('removes drafts of processes that are long gone, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chainctl-drafts-'));
  const uuid = '0b54e3a8-6c3f-4a53-9d0e-1f2a3b4c5d6e';
  const drafts = ['state.json.1234567', `lock.${uuid}`, `token.${uuid}.draft`];
  const others = ['state.json', 'lock', 'token', 'ssh-key.pub', 'audit.jsonl', 'report.v2'];
  try {
    for (const name of [...drafts, ...others]) {
      await writeFile(join(folder, name), '');
      await utimes(join(folder, name), 0, 0);
    }
    await writeFile(join(folder, 'state.json.7'), 'being written');
    await removeAbandonedDrafts(folder, Date.now());
    expect((await readdir(folder)).sort()).toEqual([...others, 'state.json.7'].sort());
    await removeAbandonedDrafts(join(folder, 'is-not-there'), Date.now());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
