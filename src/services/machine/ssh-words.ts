import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { makeFolder } from '../files/make-folder.ts';
import type { StackPaths } from '../stack/paths.ts';
import { SSH_KEY, secretPath } from '../stack/secrets.ts';

/**
 * The options of the system's own `ssh` that show the stack's key and trust one host key alone, whatever the address.
 *
 * @param hostKey `ssh-ed25519 AAAA...`
 */
export async function sshOptions(paths: StackPaths, service: string, hostKey: string): Promise<string[]> {
  const alias = `chainctl-${paths.name}-${service}`;
  const known = join(paths.folder, `known_hosts-${service}`);
  await makeFolder(paths.folder, 0o700);
  await writeFileAtomic(known, `${alias} ${hostKey}\n`, { mode: 0o600 });
  return [
    ...['-i', secretPath(paths, SSH_KEY), '-o', 'IdentitiesOnly=yes'],
    ...['-o', `UserKnownHostsFile="${known}"`, '-o', 'GlobalKnownHostsFile=/dev/null'],
    ...['-o', 'StrictHostKeyChecking=yes', '-o', 'HostKeyAlgorithms=ssh-ed25519', '-o', `HostKeyAlias=${alias}`],
  ];
}
