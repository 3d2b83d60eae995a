import { canonicalModelName } from '../../../../src/services/chain/model-name.ts';
import { engineSays } from '../engine-error.ts';
import { UpstreamError } from '../upstream.ts';
import type { EngineModel } from './engine.ts';
import type { EngineClient } from './engine-client.ts';
import type { EngineSettings } from './engine-settings.ts';
import { chatFailure, engineError, engineName, unavailable } from './failure.ts';

const FRESH_MS = 5000;
const TIMEOUT_MS = 5000;

/** The models that an engine lists: asked for at most every five seconds, by one request at a time. */
export class ModelList {
  readonly #engine: Pick<EngineClient, 'get'>;
  readonly #path: string;
  readonly #settings: EngineSettings;
  readonly #parse: (text: string) => EngineModel[] | undefined;
  #asked: Promise<readonly EngineModel[]> | undefined;
  #askedAt = -Infinity;

  /** @param parse undefined for an answer that is no list */
  constructor(
    engine: Pick<EngineClient, 'get'>,
    path: string,
    settings: EngineSettings,
    parse: (text: string) => EngineModel[] | undefined,
  ) {
    this.#engine = engine;
    this.#path = path;
    this.#settings = settings;
    this.#parse = parse;
  }

  /** Those of `MODELS`, where that names any. Rejects with the `Problem` of a chat that fails so: 502, 503 or 504. */
  current(): Promise<readonly EngineModel[]> {
    if (this.#asked && performance.now() - this.#askedAt < FRESH_MS) return this.#asked;
    this.#askedAt = performance.now();
    const asked = this.#ask();
    this.#asked = asked;
    // A failure is not repeated to whoever comes later.
    asked.catch(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
    return asked;
  }

  async #ask(): Promise<readonly EngineModel[]> {
    const who = engineName(this.#settings.kind);
    const reply = await this.#engine.get(this.#path, TIMEOUT_MS).catch((error: unknown) => {
      // A list is no work: an engine that is away may be asked again.
      throw error instanceof UpstreamError && !error.unreached
        ? engineError(who, error.message)
        : chatFailure(who, error);
    });
    // As of a chat: while an engine loads, or cannot be reached, whoever asks may come back.
    if (reply.status === 503) throw unavailable(who, engineSays(reply));
    if (reply.status !== 200) throw engineError(who, engineSays(reply));
    const models = this.#parse(reply.text);
    if (!models) throw engineError(who, `answered ${this.#path} with something that is no list of models`);
    return offered(models, this.#settings);
  }
}

/** Those that `MODELS` names, where it names any. */
export function offered(models: readonly EngineModel[], { kind, listed }: EngineSettings): readonly EngineModel[] {
  if (listed.length === 0) return models;
  const nameOf = (name: string) => (kind === 'ollama' ? canonicalModelName(name) : name);
  const names = new Set(listed.map(nameOf));
  return models.filter(({ id }) => names.has(nameOf(id)));
}
