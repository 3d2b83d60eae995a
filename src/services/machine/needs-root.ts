import { type RemedyError, remedy } from '../../errors.ts';
import { formatAccess, type HostAccess } from './access.ts';

/** The error for a user who may not act as root; undefined where a command failed for another reason. */
export function needsRoot(access: HostAccess, tail: readonly string[]): RemedyError | undefined {
  const refused =
    /^sudo: .*password is required|is not in the sudoers file|may not run sudo|sudo: (command )?not found/;
  if (access.user === 'root' || !tail.some((line) => refused.test(line))) return undefined;
  return remedy.configuration(
    'needs-root',
    `${formatAccess(access)} cannot act as root without a password: ${tail.at(-1)}`,
    [
      `allow it on the machine: echo '${access.user} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/${access.user}`,
      'or connect as root',
    ],
  );
}
