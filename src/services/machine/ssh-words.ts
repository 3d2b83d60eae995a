import { join } from 'node:path';
import { remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { writeDurably } from '../files/write-durably.ts';
import { writeFault } from '../files/write-fault.ts';
import type { StackPaths } from '../stack/paths.ts';
import { SSH_KEY, secretPath } from '../stack/secrets.ts';
import { signaturesOf } from './dial.ts';

/**
 * The options of the system's own `ssh` that show one key and trust one host key alone, whatever the address.
 *
 * @param hostKey `ssh-ed25519 AAAA...`
 * @throws RemedyError (exit 3) where the host key cannot be written down
 * @param identity path of the private key instead of the stack's own; `agent` leaves the choice to the SSH agent
 */
export async function sshOptions(
  paths: StackPaths,
  service: string,
  hostKey: string,
  identity: string | { readonly agent: true } = secretPath(paths, SSH_KEY),
): Promise<string[]> {
  const alias = `chainctl-${paths.name}-${service}`;
  const known = join(paths.folder, `known_hosts-${service}`);
  const algorithms = signaturesOf(hostKey.split(' ')[0] ?? '').join(',');
  try {
    await makeFolder(paths.folder, 0o700);
    await writeDurably(known, `${alias} ${hostKey}\n`, { mode: 0o600 });
  } catch (error) {
    const { why, next } = writeFault(known, error);
    throw remedy.configuration('state-unwritable', `cannot write ${known}, which ssh reads: ${why}`, next, error);
  }
  return [
    ...(typeof identity === 'string' ? ['-i', identity, '-o', 'IdentitiesOnly=yes'] : []),
    ...['-o', `UserKnownHostsFile="${known}"`, '-o', 'GlobalKnownHostsFile=/dev/null'],
    ...['-o', 'StrictHostKeyChecking=yes', '-o', `HostKeyAlgorithms=${algorithms}`, '-o', `HostKeyAlias=${alias}`],
  ];
}
