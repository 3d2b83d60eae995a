import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import type { Emit, Event } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { appendLinesTo } from '../files/append-lines.ts';
import { removeAbandonedDrafts } from '../files/write-durably.ts';
import { writeFault } from '../files/write-fault.ts';
import { journalOf, openStore } from './journal.ts';
import { acquireLock, type LockDeps } from './lock.ts';
import type { StackPaths } from './paths.ts';
import { secretsFolder } from './secrets.ts';
import type { StepDeps } from './steps.ts';

/** Everything from outside that a change of a stack needs. */
export interface StackDeps extends LockDeps {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  newToken(): string;
}

/** A stack that is open for changes: locked, with one store for all its targets. */
export interface OpenStack {
  /** What changing one target takes. Several targets may be changed at the same time. */
  steps(target: string): StepDeps;
  recordedTargets(): readonly string[];
}

/**
 * Runs work that changes a stack: under the stack's lock, with its state open and its audit log kept. When the lock is
 * taken away meanwhile, nothing is written any more and nothing new begins. Of a stack that was not there and of which
 * nothing was made (a dry run), nothing stays.
 *
 * @throws RemedyError with exit 6 when another command holds the stack or took it away, 3 when the state is damaged
 */
export async function openStack<T>(
  paths: StackPaths,
  deps: StackDeps,
  work: (stack: OpenStack) => Promise<T>,
): Promise<T> {
  const { clock } = deps;
  const lock = await acquireLock(paths.lock, paths.name, deps, (previous) =>
    deps.emit({
      type: 'note',
      level: 'warn',
      text: `an earlier command ended without giving its lock back (${previous?.command ?? 'unknown'}); going on from where it stopped`,
    }),
  );
  // Another dry run of it may have made the folder.
  const isNew = (await readdir(paths.folder)).every((name) => name.startsWith('lock'));
  const audit = auditing(paths.audit, deps);
  try {
    await Promise.all([paths.folder, secretsFolder(paths)].map((each) => removeAbandonedDrafts(each, clock.now())));
    const store = await openStore(paths.state, paths.name, clock, { beforeWrite: lock.check });
    const context = { clock, signal: AbortSignal.any([deps.signal, lock.lost]), emit: audit.emit };
    return await work({
      steps(target) {
        const journal = journalOf(store, target);
        const recorded = (key: string) => journal.resource(key);
        return { context: { ...context, recorded }, journal, newToken: deps.newToken };
      },
      recordedTargets: () => Object.keys(store.targets()),
    });
  } finally {
    await audit.flush();
    // Whoever took the lock away keeps a log of its own there.
    const isOurs = await lock.check().then(
      () => true,
      () => false,
    );
    const leavesNothing = isNew && isOurs && !existsSync(paths.state) && !existsSync(secretsFolder(paths));
    if (leavesNothing) await rm(paths.audit, { force: true });
    await lock.release();
    if (leavesNothing) await rmdir(paths.folder).catch(() => {});
  }
}

/** The events that change a stack; readings and progress stay out. */
const AUDITED: ReadonlySet<Event['type']> = new Set(['plan', 'step-started', 'step-done', 'step-failed', 'note']);

/**
 * One JSONL audit log per stack: who did what and how it ended. A log that cannot be written is said once and never
 * stops a deploy or a teardown.
 *
 * @param path in the stack's folder, which is there
 * @returns an `Emit` that passes everything on and notes what changes the stack; `flush` waits for the file
 */
export function auditing(path: string, { self, emit, clock }: Pick<StackDeps, 'self' | 'emit' | 'clock'>) {
  let warned = false;
  let queue = Promise.resolve();
  const write = (event: Event) => {
    const actor = { user: self.user, command: self.command };
    const line = `${JSON.stringify({ at: new Date(clock.now()).toISOString(), ...actor, ...event })}\n`;
    queue = queue
      .then(() => appendLinesTo(path, line, 0o600))
      .catch((error: Error) => {
        const text = `the audit log ${path} cannot be written: ${writeFault(path, error).why}`;
        if (!warned) emit({ type: 'note', level: 'warn', text });
        warned = true;
      });
  };
  return {
    emit(event: Event) {
      emit(event);
      if (AUDITED.has(event.type)) write(event);
    },
    flush: () => queue,
  };
}
