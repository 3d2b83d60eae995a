import { reasonOf } from '../../errors.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { type DialOptions, dial } from './dial.ts';
import { ConnectionLost } from './failures.ts';
import { HostSession } from './session.ts';

type Context = Pick<ResourceContext, 'clock' | 'signal'>;

interface UseOptions extends DialOptions {
  /** How often the work may be begun; more than 1 only where a repetition does no harm. */
  readonly attempts: number;
}

/** The connections of one command: one per machine, shared by the steps that need it, opened again when it breaks. */
export class HostSessions {
  readonly #open = new Map<string, Promise<HostSession>>();

  /**
   * Runs work over a connection to a machine; when the connection breaks in the middle, it is begun again.
   *
   * @throws what `dial` or the work throws; ConnectionLost once all attempts are used up
   */
  async use<T>(
    access: HostAccess,
    context: Context,
    options: UseOptions,
    work: (session: HostSession) => Promise<T>,
  ): Promise<T> {
    const { clock, signal } = context;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(await this.#session(access, context, options));
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ConnectionLost) || attempt >= options.attempts) throw error;
        options.waiting(`${reasonOf(error)}; connecting to ${formatAccess(access)} again`);
        await clock.sleep(500 * attempt, signal);
      }
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const session of open) await session.then((each) => each.close()).catch(() => {});
  }

  #session(access: HostAccess, context: Context, options: DialOptions): Promise<HostSession> {
    const key = `${formatAccess(access)} ${access.hostKey}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const forget = () => {
      if (this.#open.get(key) === session) this.#open.delete(key);
    };
    const session = dial(access, context, options).then((client) => new HostSession(client, access, forget));
    session.catch(forget);
    this.#open.set(key, session);
    return session;
  }
}

const SECONDS = 30;

/**
 * Runs one script on a machine over a connection of its own.
 *
 * @param what in an error: `reading the log`
 * @returns what it wrote
 * @throws what dialling throws; CommandFailed
 */
export async function runThere(access: HostAccess, what: string, script: string, context: Context): Promise<string> {
  const sessions = new HostSessions();
  try {
    return await sessions.use(access, context, { waitSeconds: SECONDS, attempts: 2, waiting() {} }, (session) =>
      session.exec(script, { what, timeoutSeconds: SECONDS, signal: context.signal }),
    );
  } finally {
    await sessions.close();
  }
}
