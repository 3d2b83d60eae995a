import { canonicalModelName } from '../../../src/services/chain/model-name.ts';
import type { ContextRule } from './engine/context.ts';
import { engineText } from './engine-error.ts';
import {
  contextOf,
  findModel,
  type ListedModel,
  type ModelFacts,
  parseFacts,
  parseModels,
  type Residence,
  type RunningModel,
} from './engine-models.ts';
import { type Upstream, UpstreamError, type UpstreamReply } from './upstream.ts';

/** Where a model is: not there at all, or as `/api/ps` has it. */
export type Finding =
  | { readonly kind: 'broken'; readonly reason: string }
  /** The engine lacks the model, or another one that is needed. */
  | { readonly kind: 'absent'; readonly model: string }
  /** The engine has it; `running` is undefined where it is not loaded, 'untold' where the engine does not tell. */
  | { readonly kind: 'present'; readonly running: Residence | undefined | 'untold' };

const SHOW_TIMEOUT_MS = 30_000;

/** Asks an engine about one model. Rejects with an `UpstreamError`. */
export class EngineProbe {
  readonly #engine: Pick<Upstream, 'request'>;
  readonly #wanted: ListedModel;
  readonly #model: string;
  readonly #alsoNeeded: () => readonly string[];
  readonly #contexts: Pick<ContextRule, 'own' | 'ownChats'>;
  /** By name and digest: what a name stands for changes only with its digest. */
  readonly #facts = new Map<string, Promise<ModelFacts>>();
  #simulated = false;

  /** @param alsoNeeded models that only have to be there */
  constructor(
    engine: Pick<Upstream, 'request'>,
    model: string,
    contexts: Pick<ContextRule, 'own' | 'ownChats'>,
    alsoNeeded: () => readonly string[] = () => [],
  ) {
    this.#engine = engine;
    this.#model = model;
    this.#wanted = { name: canonicalModelName(model), digest: undefined };
    this.#contexts = contexts;
    this.#alsoNeeded = alsoNeeded;
  }

  /** True when the engine last said that it is a simulation. */
  get simulated(): boolean {
    return this.#simulated;
  }

  /** @param remainingMs what is left for the answer, in milliseconds; asked before every call */
  async ask(remainingMs: () => number): Promise<Finding> {
    const get = (path: string) => this.#engine.request({ method: 'GET', path, timeoutMs: remainingMs() });
    const [tags, ps] = await Promise.all([get('/api/tags'), get('/api/ps')]);
    this.#simulated = tags.headers['x-chainctl-simulated'] === '1';
    const listed = parseModels(tags.text);
    if (tags.status !== 200) return broken('/api/tags', tags);
    if (!listed)
      return { kind: 'broken', reason: 'engine answered /api/tags with something that is no list of models' };
    const model = findModel(listed, this.#wanted);
    if (!model) return { kind: 'absent', model: this.#model };
    const isLacking = (name: string) => !findModel(listed, { name: canonicalModelName(name), digest: undefined });
    const lacking = this.#alsoNeeded().find(isLacking);
    if (lacking !== undefined) return { kind: 'absent', model: lacking };
    // Not known is one thing, failing another: Ollama's fails for a moment while it unloads.
    if (ps.status >= 500 && ps.status !== 501) return broken('/api/ps', ps);
    const loaded = ps.status === 200 ? parseModels(ps.text) : undefined;
    if (!loaded) return { kind: 'present', running: 'untold' };
    const found = findModel(loaded, model) ?? (await this.#underAnotherName(loaded, model, remainingMs));
    if (!found) return { kind: 'present', running: undefined };
    const { context, expiresAt } = found;
    // Asked only where it matters: most contexts are what was asked for.
    const { own, ownChats } = this.#contexts;
    if (context === undefined || context === own) {
      return { kind: 'present', running: { context, wantedContext: own, expiresAt } };
    }
    const facts = await this.#factsOf(model, remainingMs);
    const wanted = contextOf(own, facts);
    const isForChats = context > wanted && context === contextOf(ownChats, facts);
    return {
      kind: 'present',
      running: { context, wantedContext: isForChats ? context : wanted, expiresAt, isForChats },
    };
  }

  async #underAnotherName(
    loaded: readonly RunningModel[],
    model: ListedModel,
    remainingMs: () => number,
  ): Promise<RunningModel | undefined> {
    if (loaded.length === 0) return undefined;
    const { file } = await this.#factsOf(model, remainingMs);
    if (file === undefined) return undefined;
    for (const other of loaded) {
      if ((await this.#factsOf(other, remainingMs)).file === file) return other;
    }
    return undefined;
  }

  /** Reading a large model's head may take longer than a probe may: then the next one finds it. */
  async #factsOf(model: ListedModel, remainingMs: () => number): Promise<ModelFacts> {
    const key = `${model.name} ${model.digest}`;
    const asked = this.#facts.get(key) ?? this.#askFacts(model.name);
    this.#facts.set(key, asked);
    asked.catch(() => this.#facts.delete(key));
    return within(remainingMs(), asked);
  }

  async #askFacts(name: string): Promise<ModelFacts> {
    const body = JSON.stringify({ model: name });
    const reply = await this.#engine.request({ method: 'POST', path: '/api/show', body, timeoutMs: SHOW_TIMEOUT_MS });
    return parseFacts(reply.status === 200 ? reply.text : '');
  }
}

function broken(path: string, reply: UpstreamReply): Finding {
  const said = engineText(reply);
  return { kind: 'broken', reason: `engine answered ${path} with status ${reply.status}${said && `: ${said}`}` };
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new UpstreamError('timeout', 'no answer to /api/show yet')), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
