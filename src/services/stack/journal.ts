import type { Clock } from '../clock.ts';
import type { ResourceRecord, TargetRecord } from './state.ts';
import { StateStore, type StoreOptions } from './store.ts';

const NOTHING: TargetRecord = { endpoints: {}, resources: {} };

/** The write-ahead side of the state: what is about to happen to one target of one stack is on disk before it happens. */
export class Journal {
  readonly #store: StateStore;
  readonly #target: string;

  /** @param store shared by the journals of all targets that are changed at the same time */
  constructor(store: StateStore, target: string) {
    this.#store = store;
    this.#target = target;
  }

  /**
   * A journal with a store of its own.
   *
   * @throws RemedyError when the state on disk is damaged: it is never overwritten.
   */
  static async open(
    path: string,
    stack: string,
    target: string,
    clock: Pick<Clock, 'now'>,
    options: StoreOptions = {},
  ): Promise<Journal> {
    return new Journal(await StateStore.open(path, stack, clock, options), target);
  }

  get stack(): string {
    return this.#store.stack;
  }

  get target(): TargetRecord {
    return this.#store.target(this.#target) ?? NOTHING;
  }

  get hasState(): boolean {
    return this.#store.target(this.#target) !== undefined;
  }

  resource(key: string): ResourceRecord | undefined {
    return this.target.resources[key];
  }

  /** Sets or (with undefined) forgets one resource. */
  async record(key: string, record: Omit<ResourceRecord, 'since'> | undefined): Promise<void> {
    const { [key]: previous, ...others } = this.target.resources;
    const since = previous?.status === record?.status ? previous?.since : undefined;
    const resources =
      record === undefined ? others : { ...others, [key]: { ...record, since: since ?? this.#store.timestamp() } };
    await this.#store.save(this.#target, { ...this.target, resources });
  }

  /** Records what was asked for, where it answers and whether it asks for the token. */
  async describe(
    fields: Pick<TargetRecord, 'request' | 'endpoints' | 'auth'> & { readonly complete: boolean },
  ): Promise<void> {
    const { complete, ...rest } = fields;
    const deployedAt = complete ? (this.target.deployedAt ?? this.#store.timestamp()) : this.target.deployedAt;
    await this.#store.save(this.#target, {
      ...this.target,
      ...rest,
      ...(deployedAt === undefined ? {} : { deployedAt }),
    });
  }

  /** Forgets the whole target; only after a sweep has found nothing left of it. */
  async forget(): Promise<void> {
    await this.#store.save(this.#target, undefined);
  }
}
