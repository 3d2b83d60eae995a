import type { Conversation } from './api.ts';
import type { Turn } from './turns.ts';

/** All that the page shows. Never changed in place. */
export interface State {
  readonly id: string;
  readonly turns: readonly Turn[];
  readonly loading: boolean;
  /** The turn that is being answered. */
  readonly busy: string | undefined;
  readonly models: readonly string[];
  /** Empty: whatever the service takes by default. */
  readonly model: string;
  readonly list: readonly Conversation[];
  readonly more: string | number | null;
  /** Why conversations are not kept; undefined while they are. */
  readonly unkept: string | undefined;
  /** What else there is to say: models that cannot be listed, a deletion that failed. */
  readonly notice: string | undefined;
  /** Why a token is asked for. */
  readonly tokenWanted: string | undefined;
  /** A's engine is a simulated one. */
  readonly simulated: boolean;
  /** The last answer, for screen readers: set once, when it has ended. */
  readonly announced: string;
}

export const DELETED = 'This conversation was deleted in another tab. What is said here now is not kept.';

export const GONE = 'The conversation of this address is not here any more: it was deleted, or was too old to be kept.';

/** What a screen reader says when an answer has ended. */
export function spoken({ answer, error, state }: Partial<Turn>): string {
  const end = error ? `Error: ${error}` : state === 'stopped' ? 'Stopped.' : '';
  return [answer, end].filter(Boolean).join('\n');
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
