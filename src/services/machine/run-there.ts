import type { ResourceContext } from '../stack/resource.ts';
import type { HostAccess } from './access.ts';
import { HostSessions } from './sessions.ts';

const SECONDS = 30;

/**
 * Runs one script on a machine over a connection of its own.
 *
 * @param what in an error: `reading the log`
 * @returns what it wrote
 * @throws what dialling throws; CommandFailed
 */
export async function runThere(
  access: HostAccess,
  what: string,
  script: string,
  { clock, signal }: Pick<ResourceContext, 'clock' | 'signal'>,
): Promise<string> {
  const sessions = new HostSessions();
  try {
    const use = { waitSeconds: SECONDS, attempts: 2, waiting() {} };
    return await sessions.use(access, { clock, signal }, use, (session) =>
      session.exec(script, { what, timeoutSeconds: SECONDS, signal }),
    );
  } finally {
    await sessions.close();
  }
}
