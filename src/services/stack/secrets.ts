import { chmod, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, type RemedyError, remedy } from '../../errors.ts';
import { makeToken, TOKEN_SECRET } from '../chain/token.ts';
import { makeFolder } from '../files/make-folder.ts';
import { createDurably } from '../files/write-durably.ts';
import { writeFault } from '../files/write-fault.ts';
import type { StackPaths } from './paths.ts';

/** Name of the secret that opens the stack's VMs: the operator's key, the same on every cloud. */
export const SSH_KEY = 'ssh-key';

/** Begins the names of folders with what services' settings name: they may hold secrets, and open no machine. */
export const CARRIED = 'files-';

type Folder = Pick<StackPaths, 'folder'>;

/** Two keys that belong together, each as it stands in its file. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Where all of them are, 0700. */
export const secretsFolder = (paths: Folder) => join(paths.folder, 'secrets');

/** Where a secret is, for whoever needs it as a file (`ssh -i`). */
export function secretPath(paths: Folder, name: string): string {
  if (!/^[a-z][a-z0-9.-]*$/.test(name)) throw new Error(`"${name}" cannot be the name of a secret`);
  return join(secretsFolder(paths), name);
}

/**
 * A secret of the stack, made when it is first asked for. It is on disk, durable and 0600 in a 0700 folder, before it is
 * returned; of several processes that ask at once, one makes it and all get that one.
 *
 * @throws RemedyError (exit 3) when it can be neither read nor written
 */
export async function ensureSecret(paths: Folder, name: string, make: () => string): Promise<string> {
  const known = await readSecret(paths, name);
  if (known !== undefined) return known;
  const path = secretPath(paths, name);
  try {
    await makeFolder(secretsFolder(paths), 0o700);
    await chmod(secretsFolder(paths), 0o700);
    await createDurably(path, make());
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(path, 'written', error);
  }
}

/**
 * Two keys that belong together, as the secrets NAME and NAME.pub. They come from one file, so that they always do.
 *
 * @param make how they are made where they are missing; without, undefined says that one of them is
 */
export async function secretPair(paths: Folder, name: string, make?: () => KeyPair): Promise<KeyPair | undefined> {
  if (make !== undefined) {
    const pair: KeyPair = JSON.parse(await ensureSecret(paths, `${name}.pair`, () => JSON.stringify(make())));
    await ensureSecret(paths, name, () => pair.privateKey);
    await ensureSecret(paths, `${name}.pub`, () => pair.publicKey);
  }
  const [privateKey, publicKey] = await Promise.all([readSecret(paths, name), readSecret(paths, `${name}.pub`)]);
  return privateKey === undefined || publicKey === undefined ? undefined : { privateKey, publicKey };
}

export async function readSecret(paths: Folder, name: string): Promise<string | undefined> {
  const path = secretPath(paths, name);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unusable(path, 'read', error);
  }
}

/** The token of the stack, made when `make` and it is missing. */
export async function stackToken(paths: Folder, make: boolean): Promise<string | undefined> {
  return make ? ensureSecret(paths, TOKEN_SECRET, makeToken) : readSecret(paths, TOKEN_SECRET);
}

export async function listSecrets(paths: Folder): Promise<readonly string[]> {
  const names = await readdir(secretsFolder(paths)).catch(() => []);
  return names.filter((name) => !name.endsWith('.draft')).sort();
}

/** Forgets what {@link secretPair} has made under this name; only once nothing is left that it opens. */
export async function forgetSecretPair(paths: Folder, name: string): Promise<void> {
  for (const part of [`${name}.pair`, name, `${name}.pub`]) await rm(secretPath(paths, part), { force: true });
}

/** Forgets all secrets of the stack; only once nothing is left that they open. */
export async function removeSecrets(paths: Folder): Promise<void> {
  await rm(secretsFolder(paths), { recursive: true, force: true });
}

function unusable(path: string, verb: string, cause: unknown): RemedyError {
  const { why, next } = writeFault(path, cause);
  return remedy.configuration(
    'secret-unusable',
    `the secret ${path} cannot be ${verb}: ${why}`,
    [...next, 'run chainctl as the user who deployed the stack', 'or use a folder of your own: CHAINCTL_HOME=...'],
    cause,
  );
}
