import { rm } from 'node:fs/promises';
import { RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { tokenId } from '../../chain/token.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { readSecretFile } from '../../files/secret-file.ts';
import { writeDurably } from '../../files/write-durably.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { secretPath, secretsFolder } from '../../stack/secrets.ts';
import type { TokenFile } from './desired.ts';
import type { LocalRequest } from './request.ts';

const API_KEY_SECRET = 'engine-api-key';
export const KEY_VARIABLE = 'CHAINCTL_ENGINE_API_KEY';

export type OpenEngine = NonNullable<LocalRequest['openai']>;

/**
 * The API key of the engine as the operator gave it: in the file, else in the variable.
 *
 * @throws RemedyError (exit 3) where the file cannot be read, is open to others, or holds no key
 */
export async function givenApiKey(
  { apiKeyFile }: OpenEngine,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const source = apiKeyFile ?? KEY_VARIABLE;
  const text = apiKeyFile === undefined ? env[KEY_VARIABLE] : await readKey(apiKeyFile);
  const key = text?.trim();
  if (key === undefined || (key === '' && apiKeyFile === undefined)) return undefined;
  if (/^[\x21-\x7e]{1,8192}$/.test(key)) return key;
  throw remedy.configuration(
    'api-key-invalid',
    `${source} holds no API key: one line of printable characters is expected`,
    ['write the key, and nothing else, into a file and name it with --engine-api-key-file'],
  );
}

async function readKey(path: string): Promise<string> {
  try {
    return await readSecretFile(path, 'key file');
  } catch (error) {
    if (error instanceof RemedyError) throw error;
    throw remedy.configuration('api-key-unreadable', `the key file ${path} cannot be read: ${reasonOf(error)}`, [
      'check the path given with --engine-api-key-file',
    ]);
  }
}

/** Keeps the key with the stack, 0600, where the services read it: they get no more than its path. */
export async function keepApiKey(
  paths: StackPaths,
  key: string | undefined,
  make: boolean,
): Promise<TokenFile | undefined> {
  const path = secretPath(paths, API_KEY_SECRET);
  if (make && key === undefined) await rm(path, { force: true });
  if (make && key !== undefined) {
    await makeFolder(secretsFolder(paths), 0o700);
    await writeDurably(path, key, { mode: 0o600 });
  }
  return key === undefined ? undefined : { path, id: tokenId(key) };
}
