import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Emit, Event } from '../../events.ts';
import type { Clock } from '../clock.ts';
import { makeFolder } from '../files/make-folder.ts';

/** The events that change a stack; readings and progress stay out. */
const AUDITED: ReadonlySet<Event['type']> = new Set(['plan', 'step-started', 'step-done', 'step-failed', 'note']);

/**
 * One JSONL audit log per stack: who did what and how it ended. A log that cannot be written is said once and never
 * stops a deploy or a teardown.
 *
 * @returns an `Emit` that passes everything on and notes what changes the stack; `flush` waits for the file
 */
export function auditing(
  path: string,
  actor: { readonly user: string; readonly command: string },
  emit: Emit,
  clock: Clock,
) {
  let warned = false;
  let queue = makeFolder(dirname(path), 0o700).then(() => {});
  const write = (event: Event) => {
    const line = `${JSON.stringify({ at: new Date(clock.now()).toISOString(), ...actor, ...event })}\n`;
    queue = queue
      .then(() => appendFile(path, line, { mode: 0o600 }))
      .catch((error: Error) => {
        if (!warned)
          emit({ type: 'note', level: 'warn', text: `the audit log ${path} cannot be written: ${error.message}` });
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
