import { reasonOf, remedy } from '../../../errors.ts';
import { excerpt } from '../../chain/excerpt.ts';
import { readModels } from '../../load/discovery/models.ts';
import { parseJson } from '../../words.ts';
import { KEY_VARIABLE, type OpenEngine } from './openai.ts';

/** For a list of models. */
const SOON_MS = 5000;
const MOST_BYTES = 4 * 2 ** 20;

interface Asking {
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * The models that an engine of the open API lists.
 *
 * @throws RemedyError (exit 3) when it does not answer, wants another key, or has no such list
 */
export async function listModels({ url }: OpenEngine, asking: Asking) {
  const path = `${rootOf(url)}/v1/models`;
  const soon = AbortSignal.any([asking.signal, AbortSignal.timeout(SOON_MS)]);
  let answer: Answer;
  try {
    answer = await get(path, asking, soon);
  } catch (error) {
    asking.signal.throwIfAborted();
    const why = soon.aborted ? 'no answer within 5 s' : reasonOf(error);
    throw remedy.configuration('no-engine', `no engine answers at ${url}: ${why}`, [
      'start it, or name another with --engine-url',
      'or use the simulated engine: --engine sim',
    ]);
  }
  const { status, text } = answer;
  if (status === 401 || status === 403) {
    const what = asking.key === undefined ? 'asks for an API key' : 'refuses the API key';
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

/**
 * The version of the Ollama behind a URL, which its own API tells; undefined where none says so.
 *
 * @throws only when the command was stopped
 */
export async function ollamaBehind(url: string, asking: Asking): Promise<string | undefined> {
  const soon = AbortSignal.any([asking.signal, AbortSignal.timeout(SOON_MS)]);
  const answer = await get(`${rootOf(url)}/api/version`, asking, soon).catch(() => undefined);
  asking.signal.throwIfAborted();
  const body = answer?.status === 200 ? parseJson(answer.text) : undefined;
  const version = typeof body === 'object' && body !== null && 'version' in body ? body.version : undefined;
  return typeof version === 'string' ? excerpt(version) : undefined;
}

/** What stands before `/v1`. */
export function rootOf(url: string): string {
  return url.replace(/\/v1\/?$/, '');
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function get(url: string, { key }: Asking, signal: AbortSignal): Promise<Answer> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(url, { headers, signal, redirect: 'error' });
  return { status: response.status, text: await textOf(response) };
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
