import type { HostAccess } from '../../../machine/access.ts';
import { type CloudInitOptions, cloudInit } from '../../../machine/cloud-init.ts';
import type { LoginKeys } from '../../../machine/login-keys.ts';
import { formatPublicKey, parsePublicKey } from '../../../machine/ssh-keys.ts';
import { HOST_KEY_B } from '../request.ts';
import type { Metadata } from './metadata.ts';

/** The user whom Ubuntu's images let in by cloud-init. */
export const SSH_USER = 'ubuntu';

/** How a VM of service B is reached; its host key is pinned. */
export function loginAccess({ operator, host }: LoginKeys, address: string): HostAccess {
  const pinned = parsePublicKey(host.publicKey);
  if (pinned === undefined) throw new Error(`the public key of ${HOST_KEY_B} cannot be read`);
  const { privateKey } = operator;
  return { address, port: 22, user: SSH_USER, privateKey, hostKey: formatPublicKey(pinned) };
}

/**
 * The metadata that decides who may log in, and by which key the VM is known. Without keys, nobody.
 *
 * @param installDocker whether the first boot also installs Docker
 */
export function loginMetadata(
  keys: LoginKeys | undefined,
  { boot, installDocker }: { readonly boot: CloudInitOptions['templates']; readonly installDocker: boolean },
): Metadata {
  if (keys === undefined) return {};
  const { operator, host } = keys;
  const text = cloudInit({
    templates: boot,
    hostKey: host,
    authorizedKey: operator.publicKey,
    installDocker,
    // Google's agent would make other host keys at the first boot.
    files: [
      { path: '/etc/default/instance_configs.cfg', content: '[InstanceSetup]\nset_host_keys = false\n', append: true },
    ],
  });
  return {
    'user-data': text,
    // Whoever may log in to the project's other VMs may not log in here.
    'block-project-ssh-keys': 'TRUE',
    'enable-oslogin': 'FALSE',
  };
}
