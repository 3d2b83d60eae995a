import type { Clock } from '../clock.ts';
import type { ListProcesses } from '../machine/process-table.ts';
import type { LockHolder } from './lock-holder.ts';

/** This machine and its user, as places see them: everything from outside that is no cloud. */
export interface Operator {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The user's folder, with `.ssh` and `.config` in it. */
  readonly userHome: string;
  /** The package's folder of what goes to machines as it is. */
  readonly templates: string;
  /** The folder of the built services. */
  readonly bundles: string;
  /** The Node that runs this program: services of this machine run in it, too. */
  readonly node: string;
  /** Its version, such as `v26.1.0`. */
  readonly nodeVersion: string;
  /** Files that this process may have open; undefined without a limit. */
  readonly descriptorLimit: number | undefined;
  /** Who this is, as tags, locks and audit logs name it. */
  readonly self: Pick<LockHolder, 'user' | 'host'>;
  readonly listProcesses: ListProcesses;
  fetch(url: string, init: { readonly signal: AbortSignal }): Promise<Response>;
  /** Asks the person at the terminal a yes-or-no question; absent where nobody can be asked. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<boolean>;
}

/** Who makes things, as the tags have it: `user@host`. */
export function createdBy({ self }: Pick<Operator, 'self'>): string {
  return `${self.user}@${self.host}`;
}
