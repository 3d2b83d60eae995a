import type { StepAction } from '../../events.ts';
import type { ResourceContext } from './resource.ts';

const FIRST_MS = 400;
const GROWTH = 1.5;
const LONGEST_MS = 5000;
/** Everything takes a moment; only what lasts longer is worth a line. */
const QUIET_MS = 1500;

export interface Wait<T> {
  readonly key: string;
  readonly action: StepAction;
  readonly deadlineSeconds: number;
  /** Longest pause between two looks, milliseconds: how late the result may be noticed. */
  readonly longestMs?: number;
  /** One look: the result, or why it is not there yet. */
  look(): Promise<{ readonly done: T } | { readonly reason: string }>;
  /** The error when the deadline has passed. */
  late(reason: string): Error | Promise<Error>;
}

/**
 * Looks again and again, less often as time goes by, until there is a result.
 *
 * @throws what `late` makes of the last reason when the deadline has passed; the signal's reason when it is aborted
 */
export async function pollUntil<T>({ clock, signal, emit }: ResourceContext, wait: Wait<T>): Promise<T> {
  const started = clock.monotonic();
  let pause = FIRST_MS;
  let told = '';
  for (;;) {
    const seen = await wait.look();
    if ('done' in seen) return seen.done;
    const waited = clock.monotonic() - started;
    if (waited > wait.deadlineSeconds * 1000) throw await wait.late(seen.reason);
    if (waited > QUIET_MS && seen.reason !== told) {
      told = seen.reason;
      emit({ type: 'step-waiting', key: wait.key, action: wait.action, reason: seen.reason });
    }
    const longest = wait.longestMs ?? LONGEST_MS;
    await clock.sleep(Math.min(pause, longest), signal);
    pause = Math.min(pause * GROWTH, longest);
  }
}
