import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type ModelName, parseModelName, shortModelName } from '../../../src/services/chain/model-name.ts';
import { type Family, familyOf } from './families.ts';

/** One model that the engine has, with what Ollama tells about it. */
export interface Model {
  /** As it is listed, with its tag. */
  readonly name: string;
  readonly digest: string;
  /** The file with the weights: two names with one file are one model to the scheduler. */
  readonly blob: string;
  readonly modifiedAt: string;
  readonly family: Family;
}

/** Which models are there. */
export class ModelStore {
  readonly #file: string | undefined;
  readonly #models = new Map<string, Model>();

  /** @param file where the names of the models are kept over a restart, as Ollama keeps what it has pulled */
  constructor(names: readonly string[], file?: string) {
    const kept = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    for (const name of [...names, ...kept]) {
      const parsed = parseModelName(name);
      if (parsed !== undefined) this.add(parsed);
    }
    this.#file = file;
  }

  /** Finds a model by any of the names that mean it, in any case. */
  get(name: ModelName): Model | undefined {
    return this.#models.get(keyOf(name));
  }

  /** The youngest first. */
  list(): Model[] {
    return [...this.#models.values()].reverse();
  }

  add(name: ModelName): Model {
    const known = this.get(name);
    if (known) return known;
    const text = shortModelName(name);
    const model: Model = {
      name: text,
      digest: hash(`manifest ${text}`),
      blob: `/root/.ollama/models/blobs/sha256-${hash(`weights ${text}`)}`,
      modifiedAt: new Date().toISOString(),
      family: familyOf(text),
    };
    return this.#put(name, model);
  }

  /** Gives a model another name. */
  copy(model: Model, name: ModelName): void {
    this.#put(name, { ...model, name: shortModelName(name), modifiedAt: new Date().toISOString() });
  }

  remove(name: ModelName): void {
    this.#models.delete(keyOf(name));
    this.#keep();
  }

  #put(name: ModelName, model: Model): Model {
    this.#models.delete(keyOf(name));
    this.#models.set(keyOf(name), model);
    this.#keep();
    return model;
  }

  #keep(): void {
    if (this.#file === undefined) return;
    writeFileSync(this.#file, [...[...this.#models.values()].map(({ name }) => name), ''].join('\n'));
  }
}

function keyOf(name: ModelName): string {
  return shortModelName(name).toLowerCase();
}

function hash(text: string): string {
  return createHash('sha256').update(`chainctl simulated ${text}`).digest('hex');
}
