import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** One model that the engine has, with what Ollama tells about it. */
export interface Model {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly modifiedAt: string;
  readonly details: {
    readonly parent_model: string;
    readonly format: string;
    readonly family: string;
    readonly families: readonly string[];
    readonly parameter_size: string;
    readonly quantization_level: string;
  };
}

interface Loaded {
  readonly ready: Promise<void>;
  /** Requests that use it; it is not unloaded while there are any. */
  users: number;
  /** Wall clock, in milliseconds; Infinity for ever. */
  expiresAt: number;
  isReady: boolean;
}

/** Ollama's rule: a name without a tag means `latest`. */
export function fullName(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}

/** Which models are there, which are loaded, and until when. */
export class ModelStore {
  readonly #loadMs: number;
  #file: string | undefined;
  readonly #models = new Map<string, Model>();
  readonly #loaded = new Map<string, Loaded>();

  /** @param file where the names of the models are kept over a restart, as Ollama keeps what it has pulled */
  constructor(names: readonly string[], loadMs: number, file?: string) {
    this.#loadMs = loadMs;
    const kept = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    for (const name of [...names, ...kept]) this.add(name);
    this.#file = file;
  }

  get(name: string): Model | undefined {
    return this.#models.get(fullName(name));
  }

  list(): Model[] {
    return [...this.#models.values()];
  }

  add(name: string): Model {
    const model = describeModel(fullName(name));
    this.#models.set(model.name, model);
    this.#keep();
    return model;
  }

  remove(name: string): boolean {
    this.#loaded.delete(fullName(name));
    const removed = this.#models.delete(fullName(name));
    this.#keep();
    return removed;
  }

  #keep(): void {
    if (this.#file !== undefined) writeFileSync(this.#file, [...this.#models.keys(), ''].join('\n'));
  }

  /** Loads it unless it is loaded, and keeps it loaded until `release`. `wait` is undefined when there is none. */
  use(name: string): { wait: Promise<void> | undefined } {
    this.#expire();
    let loaded = this.#loaded.get(name);
    if (!loaded) {
      const begun: Loaded = {
        ready: new Promise((resolve) => {
          setTimeout(resolve, this.#loadMs);
        }).then(() => {
          begun.isReady = true;
        }),
        users: 0,
        expiresAt: Infinity,
        isReady: this.#loadMs === 0,
      };
      loaded = begun;
      this.#loaded.set(name, loaded);
    }
    loaded.users++;
    return { wait: loaded.isReady ? undefined : loaded.ready };
  }

  /** `keepAliveMs` counts from now. */
  release(name: string, keepAliveMs: number): void {
    const loaded = this.#loaded.get(name);
    if (!loaded) return;
    loaded.users--;
    loaded.expiresAt = Date.now() + keepAliveMs;
    this.#expire();
  }

  /** What `/api/ps` lists. */
  running(): { model: Model; expiresAt: number }[] {
    this.#expire();
    return [...this.#loaded].flatMap(([name, { isReady, expiresAt }]) => {
      const model = this.#models.get(name);
      return model && isReady ? [{ model, expiresAt }] : [];
    });
  }

  #expire(): void {
    const now = Date.now();
    for (const [name, { users, expiresAt }] of this.#loaded) {
      if (users === 0 && expiresAt <= now) this.#loaded.delete(name);
    }
  }
}

function describeModel(name: string): Model {
  const family = name.startsWith('phi3') ? 'phi3' : 'llama';
  const parameters = name.startsWith('phi3') ? '3.8B' : '1.1B';
  return {
    name,
    digest: createHash('sha256').update(`chainctl simulated model ${name}`).digest('hex'),
    size: name.startsWith('phi3') ? 2_176_178_913 : 637_700_138,
    modifiedAt: new Date().toISOString(),
    details: {
      parent_model: '',
      format: 'gguf',
      family,
      families: [family],
      parameter_size: parameters,
      quantization_level: 'Q4_0',
    },
  };
}
