import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSecretFile } from '../../../src/services/files/secret-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-secret-'));
  await writeFile(join(folder, 'token'), 'secret\n', { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([0o644, 0o640, 0o604, 0o620, 0o666])(
  'a file of this user with mode %o is refused, also behind a link',
  async (mode) => {
    const path = join(folder, `it's ${mode.toString(8)}`);
    await writeFile(path, 'secret\n');
    await chmod(path, mode);
    const link = `${path}.link`;
    await symlink(path, link);
    const refused = await readSecretFile(path, 'token file').catch((error: unknown) => error);
    expect(refused).toMatchObject({
      ...{ code: 'secret-open', exit: 3 },
      message: `the token file ${path} can be used by others than its owner (mode 0${mode.toString(8)}); 0600 is expected`,
    });
    await expect(readSecretFile(link, 'token file')).rejects.toMatchObject({ code: 'secret-open' });
    // The step works as it is pasted.
    execFileSync('sh', ['-c', (refused as { nextSteps: string[] }).nextSteps[0] ?? 'false']);
    expect(await readSecretFile(path, 'token file')).toBe('secret\n');
  },
);

it('one that only its owner can use is read; what is no file is told', async () => {
  expect(await readSecretFile(join(folder, 'token'), 'token file')).toBe('secret\n');
  await chmod(join(folder, 'token'), 0o400);
  expect(await readSecretFile(join(folder, 'token'), 'token file')).toBe('secret\n');
  await expect(readSecretFile(folder, 'token file')).rejects.toThrow('it is a folder');
  await expect(readSecretFile(join(folder, 'none'), 'token file')).rejects.toMatchObject({ code: 'ENOENT' });
});
