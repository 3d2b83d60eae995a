import type { Clock } from '../clock.ts';
import { type ResourceRecord, readState, type StackState, type TargetRecord, writeState } from './state.ts';

/**
 * The write-ahead side of the state: what is about to happen to one target of one stack is on disk before it happens.
 * Writes are one after another and each resolves only when its content is durable.
 */
export class Journal {
  readonly #path: string;
  readonly #target: string;
  readonly #clock: Clock;
  #state: StackState;
  #queue: Promise<void> = Promise.resolve();

  private constructor(path: string, target: string, clock: Clock, state: StackState) {
    this.#path = path;
    this.#target = target;
    this.#clock = clock;
    this.#state = state;
  }

  /** @throws RemedyError when the state on disk is damaged: it is never overwritten. */
  static async open(path: string, stack: string, target: string, clock: Clock): Promise<Journal> {
    const now = new Date(clock.now()).toISOString();
    const state = (await readState(path)) ?? { version: 1, stack, updatedAt: now, targets: {} };
    return new Journal(path, target, clock, state);
  }

  get target(): TargetRecord {
    return this.#state.targets[this.#target] ?? { endpoints: {}, resources: {} };
  }

  get hasState(): boolean {
    return this.#target in this.#state.targets;
  }

  resource(key: string): ResourceRecord | undefined {
    return this.target.resources[key];
  }

  /** Sets or (with undefined) forgets one resource. */
  async record(key: string, record: Omit<ResourceRecord, 'since'> | undefined): Promise<void> {
    const { [key]: previous, ...others } = this.target.resources;
    const since = previous?.status === record?.status ? previous?.since : undefined;
    const resources =
      record === undefined ? others : { ...others, [key]: { ...record, since: since ?? this.#timestamp() } };
    await this.#save({ ...this.target, resources });
  }

  /** Records what was asked for and where it answers. */
  async describe(fields: Pick<TargetRecord, 'request' | 'endpoints'> & { readonly complete: boolean }): Promise<void> {
    const { complete, ...rest } = fields;
    const deployedAt = complete ? (this.target.deployedAt ?? this.#timestamp()) : this.target.deployedAt;
    await this.#save({ ...this.target, ...rest, ...(deployedAt === undefined ? {} : { deployedAt }) });
  }

  /** Forgets the whole target; only after a sweep has found nothing left of it. */
  async forget(): Promise<void> {
    await this.#save(undefined);
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  async #save(target: TargetRecord | undefined): Promise<void> {
    const { [this.#target]: _, ...others } = this.#state.targets;
    const targets = target === undefined ? others : { ...others, [this.#target]: target };
    this.#state = { ...this.#state, updatedAt: this.#timestamp(), targets };
    const snapshot = this.#state;
    const write = this.#queue.then(() => writeState(this.#path, snapshot));
    this.#queue = write.catch(() => {});
    await write;
  }
}
