import { canonicalModelName } from '../../../../src/services/chain/model-name.ts';
import type { Engine, EngineModel, EngineRun } from '../engine/engine.ts';
import { plainText } from '../engine-error.ts';
import { Problem } from '../problem.ts';
import type { ChatTarget } from './target.ts';

export interface OfferOptions {
  readonly engine: Engine;
  readonly targets: readonly ChatTarget[];
  /** Of requests without one; empty: the first target, else the engine's own model. */
  readonly defaultModel: string;
  /** `MODELS` names what is offered of the engine. */
  readonly limited: boolean;
  /** Begins the texts of failures: `ollama`, `ollama(A)`. */
  readonly who: EngineRun['who'];
}

/** A model of the engine, under the name that clients see. */
export interface EngineOffer {
  readonly id: string;
  /** The engine's. */
  readonly name: string;
}

/** One element of a list of models. */
export interface OfferedModel {
  readonly id: string;
  readonly created: number;
  readonly ownedBy: string;
  /** undefined for a model that is none of the engine's. */
  readonly tag: EngineModel['tag'] | undefined;
  readonly architecture: string | undefined;
}

/** Which models a service offers, and which one a request means. */
export class Offer {
  readonly options: OfferOptions;

  constructor(options: OfferOptions) {
    this.options = options;
  }

  /** Own targets, the engine's own model, its others. Rejects with a 502. */
  async list(): Promise<readonly OfferedModel[]> {
    const { targets, engine } = this.options;
    const found = await engine.models();
    const listed = found.map((model): OfferedModel => {
      const { created, ownedBy, tag } = model;
      return { id: this.#idOf(model.id), created, ownedBy, tag, architecture: undefined };
    });
    const own = listed.filter(({ id }) => this.#isOwn(id));
    const others = listed.filter(({ id }) => !this.#isOwn(id));
    const added = targets.map(({ id, created, architecture }) => {
      return { id, created, ownedBy: 'chainctl', tag: undefined, architecture };
    });
    return [...added, ...own, ...others];
  }

  /** One of the list, by any name that a chat may call it. Rejects with a 404, or a 502. */
  async listed(name: string): Promise<OfferedModel> {
    const models = await this.list();
    const own = models.filter(({ id }) => this.options.targets.every((target) => target.id !== id));
    const found = models.find(({ id }) => id === name) ?? own.find(({ id }) => this.#same(id, name));
    return found ?? Promise.reject(unknownModel(name, models));
  }

  /** The model that a chat asks for. Rejects with a 404. */
  async forChat(name: string | undefined): Promise<ChatTarget | EngineOffer> {
    const { targets, defaultModel, engine } = this.options;
    const wanted = name ?? (defaultModel || (targets[0]?.id ?? engine.ownModel));
    return targets.find(({ id }) => id === wanted) ?? this.#ofEngine(wanted);
  }

  /** The engine's model that a completion or an embedding asks for: by default its own. Rejects with a 404. */
  async forEngine(name: string | undefined): Promise<EngineOffer> {
    if (this.options.targets.some(({ id }) => id === name)) {
      throw modelNotFound(`model ${name} is for chats only: /v1/chat/completions`);
    }
    return this.#ofEngine(name ?? this.options.engine.ownModel);
  }

  async #ofEngine(wanted: string): Promise<EngineOffer> {
    const { engine, limited } = this.options;
    // No list is asked for where the request means the own model: the engine itself says when it has not got it.
    if (!limited && engine.ownModel !== '' && this.#isOwn(wanted))
      return { id: engine.ownModel, name: engine.ownModel };
    const models = await engine.models();
    const model = wanted === '' ? models[0] : models.find(({ id }) => this.#same(id, wanted));
    if (model) return { id: this.#idOf(model.id), name: model.id };
    throw unknownModel(wanted, await this.list());
  }

  /** The own model is called as it is configured; what a target's name hides is reached by its tag. */
  #idOf(id: string): string {
    const { engine, targets } = this.options;
    if (targets.some((target) => target.id === id)) return `${id}:latest`;
    return this.#isOwn(id) && !targets.some((target) => target.id === engine.ownModel) ? engine.ownModel : id;
  }

  #isOwn(id: string): boolean {
    return this.options.engine.ownModel !== '' && this.#same(id, this.options.engine.ownModel);
  }

  #same(one: string, other: string): boolean {
    if (one === other) return true;
    if (this.options.engine.kind === 'ollama') return canonicalModelName(one) === canonicalModelName(other);
    return this.options.targets.some(({ id }) => id === one && other === `${id}:latest`);
  }
}

function unknownModel(name: string, models: readonly OfferedModel[]): Problem {
  const ids = models.map(({ id }) => id);
  const known =
    ids.length === 0 ? 'there is none' : `there are ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ', ...' : ''}`;
  return modelNotFound(`model "${plainText(name.slice(0, 200))}" does not exist; ${known}`);
}

function modelNotFound(detail: string): Problem {
  return new Problem(404, detail, {}, { code: 'model_not_found', param: 'model' });
}
