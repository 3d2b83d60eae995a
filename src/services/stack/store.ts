import type { Clock } from '../clock.ts';
import { keepVersion, listVersions } from './history.ts';
import { emptyState, readState, type StackState, type TargetRecord, writeState } from './state.ts';

export interface StoreOptions {
  /** Asked before every write; what it throws keeps the file as it is. */
  readonly beforeWrite?: () => Promise<void>;
  /** How a version is put in the place of the one on disk; the default is the real one, which keeps that one. */
  readonly write?: (path: string, state: StackState) => Promise<void>;
}

/**
 * The one copy of a stack's state in this process: the journals of all its targets share it, so that two targets can be
 * changed at the same time and neither writes over the other. Writes are one after another and each resolves only when
 * its content is durable.
 */
export class StateStore {
  readonly #path: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #options: StoreOptions;
  #state: StackState;
  /** Serial of the file that is on disk; undefined where there is none. */
  #onDisk: number | undefined;
  #queue: Promise<void> = Promise.resolve();

  private constructor(
    path: string,
    clock: Pick<Clock, 'now'>,
    options: StoreOptions,
    state: StackState,
    onDisk: boolean,
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#options = options;
    this.#state = state;
    this.#onDisk = onDisk ? state.serial : undefined;
  }

  /** @throws RemedyError when the state on disk is damaged: it is never overwritten. */
  static async open(
    path: string,
    stack: string,
    clock: Pick<Clock, 'now'>,
    options: StoreOptions = {},
  ): Promise<StateStore> {
    const recorded = await readState(path);
    if (recorded !== undefined) return new StateStore(path, clock, options, recorded, true);
    // Where the file was lost, its history goes on counting.
    const [newest] = await listVersions(path);
    const fresh = emptyState(stack, newest?.serial ?? 0, new Date(clock.now()).toISOString());
    return new StateStore(path, clock, options, fresh, false);
  }

  get stack(): string {
    return this.#state.stack;
  }

  /** The names of all targets that are recorded. */
  get targets(): readonly string[] {
    return Object.keys(this.#state.targets);
  }

  target(name: string): TargetRecord | undefined {
    return this.#state.targets[name];
  }

  timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  /** Sets or (with undefined) forgets one target. */
  async save(name: string, target: TargetRecord | undefined): Promise<void> {
    const { [name]: _, ...others } = this.#state.targets;
    const targets = target === undefined ? others : { ...others, [name]: target };
    this.#state = { ...this.#state, serial: this.#state.serial + 1, updatedAt: this.timestamp(), targets };
    const snapshot = this.#state;
    const write = this.#queue.then(() => this.#write(snapshot));
    this.#queue = write.catch(() => {});
    await write;
  }

  async #write(state: StackState): Promise<void> {
    await this.#options.beforeWrite?.();
    const { write } = this.#options;
    // The history is for the day when the file is damaged; that it cannot be kept must not stop a teardown.
    if (write === undefined && this.#onDisk !== undefined) await keepVersion(this.#path, this.#onDisk).catch(() => {});
    await (write ?? writeState)(this.#path, state);
    this.#onDisk = state.serial;
  }
}
