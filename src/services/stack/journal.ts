import type { Clock } from '../clock.ts';
import {
  emptyState,
  keepVersion,
  listVersions,
  type ResourceRecord,
  readState,
  type StackState,
  type TargetRecord,
  writeState,
} from './state.ts';

const NOTHING: TargetRecord = { endpoints: {}, resources: {} };

interface StoreOptions {
  /** Asked before every write; what it throws keeps the file as it is. */
  readonly beforeWrite?: () => Promise<void>;
  /** How a version is put in the place of the one on disk; the default is the real one, which keeps that one. */
  readonly write?: (path: string, state: StackState) => Promise<void>;
}

/**
 * The one copy of a stack's state in this process: the journals of all its targets share it, so that two targets can be
 * changed at the same time and neither writes over the other. Writes are one after another and each resolves only when
 * its content is durable.
 *
 * @throws RemedyError when the state on disk is damaged: it is never overwritten.
 */
export async function openStore(
  path: string,
  stack: string,
  clock: Pick<Clock, 'now'>,
  { beforeWrite, write }: StoreOptions = {},
) {
  const timestamp = () => new Date(clock.now()).toISOString();
  const recorded = await readState(path);
  // Where the file was lost, its history goes on counting.
  let state = recorded ?? emptyState(stack, (await listVersions(path))[0]?.serial ?? 0, timestamp());
  /** Undefined while there is no file. */
  let serialOnDisk = recorded?.serial;
  let queue = Promise.resolve();
  const put = async (snapshot: StackState) => {
    await beforeWrite?.();
    // The history is for the day when the file is damaged; that it cannot be kept must not stop a teardown.
    if (write === undefined && serialOnDisk !== undefined) await keepVersion(path, serialOnDisk).catch(() => {});
    await (write ?? writeState)(path, snapshot);
    serialOnDisk = snapshot.serial;
  };
  return {
    stack: state.stack,
    timestamp,
    targets: (): StackState['targets'] => state.targets,
    /** Sets or (with undefined) forgets one target. */
    async save(name: string, target: TargetRecord | undefined): Promise<void> {
      const { [name]: _, ...others } = state.targets;
      const targets = target === undefined ? others : { ...others, [name]: target };
      state = { ...state, serial: state.serial + 1, updatedAt: timestamp(), targets };
      const snapshot = state;
      const written = queue.then(() => put(snapshot));
      queue = written.catch(() => {});
      await written;
    },
  };
}

export type Journal = ReturnType<typeof journalOf>;

/**
 * The write-ahead side of the state: what is about to happen to one target of one stack is on disk before it happens.
 *
 * @param store shared by the journals of all targets that are changed at the same time
 */
export function journalOf(store: Awaited<ReturnType<typeof openStore>>, name: string) {
  const target = () => store.targets()[name] ?? NOTHING;
  return {
    stack: store.stack,
    get target(): TargetRecord {
      return target();
    },
    get hasState(): boolean {
      return target() !== NOTHING;
    },
    resource: (key: string): ResourceRecord | undefined => target().resources[key],
    /** Sets or (with undefined) forgets one resource. */
    async record(key: string, record: Omit<ResourceRecord, 'since'> | undefined): Promise<void> {
      const { [key]: previous, ...others } = target().resources;
      const since = (previous?.status === record?.status ? previous?.since : undefined) ?? store.timestamp();
      const resources = record === undefined ? others : { ...others, [key]: { ...record, since } };
      await store.save(name, { ...target(), resources });
    },
    /** Records what was asked for, where it answers and whether it asks for the token. */
    async describe({
      complete,
      ...fields
    }: Pick<TargetRecord, 'request' | 'endpoints' | 'auth'> & { readonly complete: boolean }): Promise<void> {
      const deployedAt = target().deployedAt ?? (complete ? store.timestamp() : undefined);
      await store.save(name, { ...target(), ...fields, ...(deployedAt === undefined ? {} : { deployedAt }) });
    },
    /** Forgets the whole target; only after a sweep has found nothing left of it. */
    forget: () => store.save(name, undefined),
  };
}
