import { reasonOf } from '../../errors.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { dial } from './dial.ts';
import { ConnectionLost } from './failures.ts';
import { type HostSession, hostSession } from './session.ts';

/** A connection that nobody uses is kept this long; after that nothing of it holds the process. */
const IDLE_MS = 1000;

export interface UseOptions {
  /** How long to try to connect; 0 for one attempt. */
  readonly waitSeconds: number;
  /** How often the work may be begun; more than 1 only where a repetition does no harm. */
  readonly attempts: number;
  /** Told when something has to be waited for, with the reason. */
  waiting(reason: string): void;
  /** Why waiting is of no use any more, if it is; asked now and then while the machine does not answer. */
  gone?(): Promise<Error | undefined>;
}

interface Entry {
  readonly session: Promise<HostSession>;
  leases: number;
  idle?: NodeJS.Timeout;
}

/** The connections of one command: one per machine, shared by the steps that need it, opened again when it breaks. */
export class HostSessions {
  readonly #entries = new Map<string, Entry>();

  /**
   * Runs work over a connection to a machine; when the connection breaks in the middle, it is begun again.
   *
   * @throws what `dial` or the work throws; ConnectionLost once all attempts are used up
   */
  async use<T>(
    access: HostAccess,
    { clock, signal }: Pick<ResourceContext, 'clock' | 'signal'>,
    { waitSeconds, attempts, waiting, gone }: UseOptions,
    work: (session: HostSession) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const entry = this.#lease(access, () =>
        dial(access, waitSeconds, { clock, signal, waiting, ...(gone && { gone }) }),
      );
      try {
        const session = await entry.session;
        return await work(session);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ConnectionLost) || attempt >= attempts) throw error;
        waiting(`${reasonOf(error)}; connecting to ${formatAccess(access)} again`);
        await clock.sleep(500 * attempt, signal);
      } finally {
        await this.#release(access, entry);
      }
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) {
      clearTimeout(entry.idle);
      const session = await entry.session.catch(() => undefined);
      session?.close();
    }
  }

  #lease(access: HostAccess, connect: () => ReturnType<typeof dial>): Entry {
    const key = keyOf(access);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      clearTimeout(known.idle);
      known.leases++;
      return known;
    }
    const entry: Entry = { session: connect().then((client) => hostSession(client, access)), leases: 1 };
    this.#entries.set(key, entry);
    return entry;
  }

  async #release(access: HostAccess, entry: Entry): Promise<void> {
    const key = keyOf(access);
    entry.leases--;
    const session = await entry.session.catch(() => undefined);
    if (session?.alive !== true && this.#entries.get(key) === entry) this.#entries.delete(key);
    if (entry.leases > 0 || session === undefined) return;
    if (this.#entries.get(key) !== entry) {
      session.close();
      return;
    }
    entry.idle = setTimeout(() => {
      this.#entries.delete(key);
      session.close();
    }, IDLE_MS);
  }
}

function keyOf(access: HostAccess): string {
  return `${formatAccess(access)} ${access.hostKey}`;
}
