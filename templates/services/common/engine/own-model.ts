import type { EngineModel } from './engine.ts';

/** The name of a service's own model: the one of the settings, else the first that the engine lists. */
export class OwnModel {
  readonly #isFirst: boolean;
  #name: string;

  constructor(name: string) {
    this.#isFirst = name === '';
    this.#name = name;
  }

  /** Empty as long as no list has been seen. */
  get name(): string {
    return this.#name;
  }

  /** @param models what the engine lists now */
  listed(models: readonly EngineModel[]): void {
    if (this.#isFirst && models[0] !== undefined) this.#name = models[0].id;
  }
}
