import type { ResourceContext, Target } from './resource.ts';
import type { TargetRecord } from './state.ts';

/** The live objects of one target as they are known now, found once and kept up to date while they are changed. */
export class LiveObjects {
  /** The context of the work, through which a resource sees what it depends on. */
  readonly context: ResourceContext;
  readonly #handleOf: Target['handle'];
  readonly #known = new Map<string, Promise<unknown>>();
  readonly #unseen = new Map<string, string>();

  constructor(context: ResourceContext, handleOf: Target['handle']) {
    this.#handleOf = handleOf;
    this.context = { ...context, live: (key) => this.find(key), unseen: (key, why) => this.#unseen.set(key, why) };
  }

  /** What there is with this key; the world is asked once. */
  find(key: string): Promise<unknown> {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#unseen.delete(key);
    const found = this.#handleOf(key).find(this.context);
    this.#known.set(key, found);
    // A look that failed is no knowledge: who asks again looks again.
    found.catch(() => this.#known.delete(key));
    return found;
  }

  /** Why nothing was found with this key, where that only means that it could not be looked for. */
  whyUnseen(key: string): string | undefined {
    return this.#unseen.get(key);
  }

  /** Something was made or changed: the next who asks gets it as it is then. */
  forget(key: string): void {
    this.#known.delete(key);
  }

  /** What was found elsewhere, or (undefined) was removed. */
  set(key: string, live: unknown): void {
    this.#known.set(key, Promise.resolve(live));
  }
}

/** What the state names of a target and what a sweep finds, by key; `live` is undefined for what is not there. */
export async function lookAtAll(
  target: Target,
  recorded: TargetRecord['resources'],
  context: ResourceContext,
  objects = new LiveObjects(context, (key) => target.handle(key)),
) {
  const keys = new Set([...Object.keys(recorded), ...(await target.discover(context))]);
  return Promise.all(
    [...keys].sort().map(async (key) => {
      const live = await objects.find(key);
      return { resource: target.handle(key), live, unseen: live === undefined ? objects.whyUnseen(key) : undefined };
    }),
  );
}
