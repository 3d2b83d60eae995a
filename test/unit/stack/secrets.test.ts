import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ensureSecret,
  listSecrets,
  readSecret,
  removeSecrets,
  secretPair,
  secretPath,
} from '../../../src/services/stack/secrets.ts';

let home: string;
let paths: { folder: string };
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'chainctl-secrets-'));
  paths = { folder: join(home, 'stacks', 'demo') };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const mode = async (path: string) => (await stat(path)).mode & 0o777;

describe('the secrets of a stack', () => {
  it('are made once, 0600 in a 0700 folder, with nothing left beside them', async () => {
    expect(await readSecret(paths, 'token')).toBeUndefined();
    expect(await ensureSecret(paths, 'token', () => 'first')).toBe('first');
    expect(await ensureSecret(paths, 'token', () => 'second')).toBe('first');
    expect(await readSecret(paths, 'token')).toBe('first');
    expect(await mode(secretPath(paths, 'token'))).toBe(0o600);
    expect(await mode(join(paths.folder, 'secrets'))).toBe(0o700);
    expect(await readdir(join(paths.folder, 'secrets'))).toEqual(['token']);
  });

  it('close a folder that was open to others', async () => {
    await mkdir(join(paths.folder, 'secrets'), { recursive: true, mode: 0o755 });
    await chmod(join(paths.folder, 'secrets'), 0o755);
    await ensureSecret(paths, 'token', () => 'first');
    expect(await mode(join(paths.folder, 'secrets'))).toBe(0o700);
  });

  it('are the same for all who ask at once, also from several processes', async () => {
    const module = new URL('../../../src/services/stack/secrets.ts', import.meta.url).href;
    const script = `
      const { ensureSecret } = await import(${JSON.stringify(module)});
      const mine = crypto.randomUUID();
      process.stdout.write(await ensureSecret({ folder: ${JSON.stringify(paths.folder)} }, 'token', () => mine));`;
    const ask = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const answers = await Promise.all(Array.from({ length: 4 }, ask));
    const here = await Promise.all(Array.from({ length: 8 }, () => ensureSecret(paths, 'token', () => 'late')));
    expect(new Set([...answers.map(({ stdout }) => stdout), ...here]).size).toBe(1);
  });

  it('hold pairs together, whoever made them', async () => {
    let made = 0;
    const make = () => ({ privateKey: `private ${++made}`, publicKey: `public ${made}` });
    const pairs = await Promise.all(Array.from({ length: 8 }, () => secretPair(paths, 'ssh-key', make)));
    const [first] = pairs;
    expect(first?.privateKey.slice(8)).toBe(first?.publicKey.slice(7));
    for (const pair of pairs) expect(pair).toEqual(first);
    expect(await readFile(secretPath(paths, 'ssh-key'), 'utf8')).toBe(first?.privateKey);
    await rm(secretPath(paths, 'ssh-key.pub'));
    expect(await secretPair(paths, 'ssh-key', make)).toEqual(first);
  });

  it('are all gone when they are removed', async () => {
    await ensureSecret(paths, 'token', () => 'x');
    expect(await listSecrets(paths)).toEqual(['token']);
    await removeSecrets(paths);
    expect(await listSecrets(paths)).toEqual([]);
    await removeSecrets(paths);
  });

  it('cannot be outside of their folder', () => {
    for (const name of ['../state.json', '/etc/passwd', '', '.x', 'A']) {
      expect(() => secretPath(paths, name)).toThrow('cannot be the name of a secret');
    }
  });
});
