import type { HostAccess } from '../../../machine/access.ts';
import type { BootTemplates } from '../../../machine/cloud-init.ts';
import { hostFailure } from '../../../machine/failures.ts';
import type { HostSession } from '../../../machine/session.ts';
import type { HostSessions } from '../../../machine/sessions.ts';
import type { ResourceContext } from '../../../stack/resource.ts';

/** It answered a moment ago, seconds. */
const UP_SECONDS = 60;
const SEAL_SECONDS = 300;
const SERVE = '/usr/local/sbin/chainctl-serve';
const UNIT = '/etc/systemd/system/chainctl-serve.service';

/**
 * Puts what starts the service at boot on a machine, and removes from it what only it may know. It lets nobody in
 * afterwards, until it boots again.
 *
 * @throws what dialling throws, RemedyError (exit 5)
 */
export async function sealDisk(
  access: HostAccess,
  { serve, serveUnit, seal }: BootTemplates,
  { sessions, waiting }: { readonly sessions: HostSessions; waiting(reason: string): void },
  context: Pick<ResourceContext, 'clock' | 'signal'>,
): Promise<void> {
  const { signal } = context;
  const work = async (session: HostSession) => {
    const exec = (command: string, stdin: string) =>
      session.exec(command, { what: 'sealing the disk', timeoutSeconds: SEAL_SECONDS, stdin, signal });
    await exec(`cat > ${SERVE}.new && chmod 755 ${SERVE}.new && mv -f ${SERVE}.new ${SERVE}`, serve);
    await exec(`cat > ${UNIT}.new && chmod 644 ${UNIT}.new && mv -f ${UNIT}.new ${UNIT}`, serveUnit);
    await exec('cat > /run/chainctl-seal && sh /run/chainctl-seal </dev/null 2>&1', seal);
  };
  // Not begun again by itself: there may be nobody to let us in.
  const use = { waitSeconds: UP_SECONDS, attempts: 1, waiting };
  await sessions.use(access, context, use, work).catch((error: unknown) => {
    signal.throwIfAborted();
    throw hostFailure('sealing the disk', access, error);
  });
}
