import { rm } from 'node:fs/promises';
import { RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { tokenId } from '../../chain/token.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { readSecretFile } from '../../files/secret-file.ts';
import { writeDurably } from '../../files/write-durably.ts';
import { readModels } from '../../load/discovery/models.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { secretPath, secretsFolder } from '../../stack/secrets.ts';
import { parseJson } from '../../words.ts';
import { modelsOf, servicesOf, type TokenFile } from './desired.ts';
import type { LocalRequest } from './request.ts';

const API_KEY_SECRET = 'engine-api-key';
const KEY_VARIABLE = 'CHAINCTL_ENGINE_API_KEY';
/** For a list of models. */
const SOON_MS = 5000;
const MOST_BYTES = 4 * 2 ** 20;

type Engine = NonNullable<LocalRequest['openai']>;

/**
 * The API key of the engine as the operator gave it: in the file, else in the variable.
 *
 * @throws RemedyError (exit 3) where the file cannot be read, is open to others, or holds no key
 */
export async function givenApiKey(
  { apiKeyFile }: Engine,
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

/**
 * The request with the models that the engine has: of one that has a single model, that one is meant where none is named.
 *
 * @param make whether it is going to be deployed: then every model has to be there
 * @throws RemedyError (exit 3) when it does not answer, wants another key, or lacks a model; (exit 2) when none is named
 *   and it has several
 */
export async function withModels(
  request: LocalRequest,
  engine: Engine,
  key: string | undefined,
  { make, signal }: { readonly make: boolean; readonly signal: AbortSignal },
): Promise<LocalRequest> {
  const unnamed = servicesOf(request).filter(({ name, model }) => {
    return model !== undefined && request.services[name]?.model === undefined;
  });
  if (!make && unnamed.length === 0) return request;
  const models = await listModels(engine.url, key, signal);
  const names = models.map(({ name }) => name);
  const shown =
    names
      .slice(0, 10)
      .map((name) => excerpt(name))
      .join(', ') || 'none';
  const missing = modelsOf(request).find((model) => !names.includes(model));
  if (missing !== undefined) {
    throw remedy.configuration('no-model', `the engine at ${engine.url} has no model ${missing}; it has ${shown}`, [
      'choose one of them with --model-a and --model-b',
    ]);
  }
  const [only, another] = models.filter(({ isOther }) => !isOther);
  if (unnamed.length === 0) return request;
  if (only === undefined || another !== undefined) {
    const which = unnamed.map(({ name }) => `--model-${name}`).join(' and ');
    throw remedy.usage('usage', `the engine at ${engine.url} has several models or none: ${shown}`, [
      `name one of them with ${which}`,
    ]);
  }
  const services = Object.fromEntries(
    Object.entries(request.services).map(([name, settings]) => [
      name,
      { ...settings, model: settings.model ?? only.name },
    ]),
  );
  return { ...request, services };
}

async function listModels(url: string, key: string | undefined, signal: AbortSignal) {
  const path = `${url.replace(/\/v1$/, '')}/v1/models`;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(SOON_MS)]);
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  let answer: { readonly status: number; readonly text: string };
  try {
    const response = await fetch(path, { headers, signal: soon, redirect: 'error' });
    answer = { status: response.status, text: await textOf(response) };
  } catch (error) {
    signal.throwIfAborted();
    const why = soon.aborted ? 'no answer within 5 s' : reasonOf(error);
    throw remedy.configuration('no-engine', `no engine answers at ${url}: ${why}`, [
      'start it, or name another with --engine-url',
      'or use the simulated engine: --engine sim',
    ]);
  }
  const { status, text } = answer;
  if (status === 401 || status === 403) {
    const what = key === undefined ? 'asks for an API key' : 'refuses the API key';
    throw remedy.configuration('engine-key', `the engine at ${url} ${what} (status ${status})`, [
      `put it into a file of mode 0600 and name that with --engine-api-key-file, or set ${KEY_VARIABLE}`,
    ]);
  }
  const models = status === 200 ? readModels(parseJson(text)) : undefined;
  if (models !== undefined) return models;
  throw remedy.configuration('no-engine', `${path} answers ${status}, and not with a list of models`, [
    'check --engine-url: it is what stands before /v1 of an OpenAI-compatible server',
  ]);
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Error('its list of models is longer than 4 MiB');
  }
  return Buffer.concat(parts).toString('utf8');
}
