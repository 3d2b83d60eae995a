import { engineSays, errorText, parseObject, plainText } from '../engine-error.ts';
import { ReloadPace } from '../reload-pace.ts';
import type { Upstream } from '../upstream.ts';
import { JsonLines } from './framing.ts';
import { messageOf } from './readiness.ts';

/** Ollama tells its progress several times a second, but for what it does between two layers. */
const SILENCE_MS = 600_000;

interface Pull {
  readonly pace: ReloadPace;
  /** Bytes by layer. */
  layers: Map<string, { readonly total: number; readonly completed: number }>;
  isOpen: boolean;
  failure: string;
}

/** Has Ollama fetch models that it lacks: each once at a time, and again after a pause where that failed. */
export class Pulls {
  readonly #engine: Pick<Upstream, 'request'>;
  readonly #warn: (line: string) => void;
  readonly #now: () => number;
  readonly #pulls = new Map<string, Pull>();

  /** @param warn takes one line about a pull that begins or fails */
  constructor(engine: Pick<Upstream, 'request'>, warn: (line: string) => void, now: () => number) {
    this.#engine = engine;
    this.#warn = warn;
    this.#now = now;
  }

  /**
   * Fetches a model that the engine lacks, if that is not being done and its time has come.
   * @returns why the model is not there yet
   */
  missing(model: string): string {
    const pull = this.#pulls.get(model) ?? { pace: new ReloadPace(), layers: new Map(), isOpen: false, failure: '' };
    this.#pulls.set(model, pull);
    const waitMs = pull.pace.waitMs(this.#now());
    if (!pull.isOpen && waitMs <= 0) this.#begin(model, pull);
    if (pull.isOpen) return `engine is pulling model ${model}${percent(pull)}`;
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    return `engine does not have model ${model} yet (pull failed: ${pull.failure}; the next attempt is in ${seconds} s)`;
  }

  #begin(model: string, pull: Pull): void {
    pull.isOpen = true;
    pull.layers = new Map();
    this.#warn(`pulling model ${model}`);
    void this.#pull(model, pull)
      .then(
        () => pull.pace.reset(),
        (error: unknown) => {
          pull.failure = messageOf(error);
          pull.pace.failed(this.#now());
          this.#warn(`pull of model ${model} failed: ${pull.failure}`);
        },
      )
      .finally(() => {
        pull.isOpen = false;
      });
  }

  async #pull(model: string, pull: Pull): Promise<void> {
    let succeeded = false;
    const take = (text: string) => {
      const line = parseObject(text);
      const error = line?.error === undefined ? undefined : errorText(line);
      if (error !== undefined) throw new Error(plainText(error));
      if (line?.status === 'success') succeeded = true;
      const { digest, total, completed = 0 } = line ?? {};
      if (typeof digest === 'string' && typeof total === 'number' && typeof completed === 'number') {
        pull.layers.set(digest, { total, completed });
      }
    };
    const lines = new JsonLines(take);
    const reply = await this.#engine.request({
      method: 'POST',
      path: '/api/pull',
      body: JSON.stringify({ model, stream: true }),
      timeoutMs: SILENCE_MS,
      onBytes: (bytes, progress) => {
        lines.push(bytes);
        progress.more();
        return undefined;
      },
    });
    if (reply.status !== 200) throw new Error(engineSays(reply));
    lines.end();
    if (reply.text !== '') for (const line of reply.text.split('\n')) take(line);
    if (!succeeded) throw new Error('the engine ended it without a word');
  }
}

function percent({ layers }: Pull): string {
  let total = 0;
  let completed = 0;
  for (const layer of layers.values()) {
    total += layer.total;
    completed += layer.completed;
  }
  return total > 0 ? ` (${Math.min(100, Math.floor((completed / total) * 100))} %)` : '';
}
