import { Ollama } from 'ollama';
import { reasonOf, remedy } from '../../../errors.ts';
import { canonicalModelName } from '../../chain/model-name.ts';
import { pullProgress } from '../../pull-progress.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import { type ModelFile, readModelFile } from './shared-model.ts';

/**
 * The base URL that `OLLAMA_HOST` means, by Ollama's own rules: scheme and port may be missing, and an address to bind
 * to is not one to connect to.
 */
export function ollamaUrl(host: string | undefined): string {
  const given = host?.trim() || '127.0.0.1:11434';
  const url = URL.parse(/^https?:\/\//.test(given) ? given : `http://${given}`);
  if (url === null) {
    throw remedy.configuration('ollama-host', `OLLAMA_HOST "${given}" is not an address`, [
      'set it to host:port, for example OLLAMA_HOST=127.0.0.1:11434',
    ]);
  }
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  const explicitPort = /:\d+\/?$/.test(given);
  if (url.port === '' && !explicitPort && !/^https?:\/\//.test(given)) url.port = '11434';
  return url.href.replace(/\/$/, '');
}

/**
 * Sees that a running Ollama has these models, pulling what is missing with progress. Ollama and its models belong to
 * the operator: they are no resources of the stack and a teardown leaves them alone.
 *
 * @param whereNamed how another model than a given one is named: `with --model-a`
 * @throws RemedyError (exit 3) when none answers or a model cannot be pulled
 */
export async function ensureOllama(
  url: string,
  models: readonly string[],
  context: ResourceContext,
  whereNamed: (model: string) => string,
): Promise<void> {
  const { emit, signal } = context;
  const soon = within5s(signal);
  const present = await connect(url, soon)
    .list()
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw remedy.configuration(
        'no-ollama',
        `no Ollama answers at ${url}: ${soon.aborted ? 'no answer within 5 s' : reasonOf(error)}`,
        [
          'start it with: ollama serve',
          'or name another with OLLAMA_HOST=host:port',
          'or use the simulated engine: --engine sim',
        ],
        error,
      );
    });
  const names = new Set(present.models.map(({ name }) => canonicalModelName(name)));
  for (const model of models) if (!names.has(canonicalModelName(model))) await pull(model, url, context, whereNamed);
  emit({ type: 'note', level: 'info', text: `Ollama at ${url} has ${models.join(' and ')}` });
}

/** Which of these models the Ollama lacks; none where it does not answer within 5 s, which the deploy itself says. */
export async function missingModels(url: string, models: readonly string[], signal: AbortSignal): Promise<string[]> {
  const present = await connect(url, within5s(signal))
    .list()
    .catch(() => undefined);
  signal.throwIfAborted();
  if (present === undefined) return [];
  const names = new Set(present.models.map(({ name }) => canonicalModelName(name)));
  return models.filter((model) => !names.has(canonicalModelName(model)));
}

/** The files behind models; undefined for one that the Ollama does not have, or where none answers within 5 s. */
export async function modelFiles(
  url: string,
  models: readonly string[],
  signal: AbortSignal,
): Promise<(ModelFile | undefined)[]> {
  const ollama = connect(url, within5s(signal));
  return Promise.all(
    models.map(async (model) => {
      const shown = await ollama.show({ model }).catch(() => undefined);
      signal.throwIfAborted();
      return shown && readModelFile(shown.modelfile ?? '', shown.parameters ?? '');
    }),
  );
}

/** For a call that needs no work of the engine: one that has no answer within 5 s is given up. */
const within5s = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(5000)]);

/** The library has no timeout of its own; every call ends when the command does. */
function connect(host: string, signal: AbortSignal): Ollama {
  return new Ollama({
    host,
    fetch: (input, init) =>
      fetch(input, { ...init, signal: AbortSignal.any([signal, ...(init?.signal ? [init.signal] : [])]) }),
  });
}

async function pull(
  model: string,
  url: string,
  { emit, signal }: ResourceContext,
  whereNamed: (model: string) => string,
): Promise<void> {
  try {
    const progress = pullProgress(model, `model ${model}`, emit);
    for await (const part of await connect(url, signal).pull({ model, stream: true })) progress.line(part);
    progress.done();
  } catch (error) {
    signal.throwIfAborted();
    throw remedy.configuration(
      'model-pull',
      `Ollama at ${url} could not pull the model ${model}: ${reasonOf(error)}`,
      [`try it by hand: ollama pull ${model}`, `or name another ${whereNamed(model)}`],
      error,
    );
  }
}
