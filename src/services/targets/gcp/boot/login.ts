import type { HostAccess } from '../../../machine/access.ts';
import { type CloudInitOptions, cloudInit } from '../../../machine/cloud-init.ts';
import { formatPublicKey, makeSshKeyPair, parsePublicKey } from '../../../machine/ssh-keys.ts';
import type { StackPaths } from '../../../stack/paths.ts';
import { ensureSecretPair, type KeyPair, readSecret, SSH_KEY } from '../../../stack/secrets.ts';
import { HOST_KEY_B } from '../request.ts';
import type { Metadata } from './metadata.ts';

/** The user whom Ubuntu's images let in by cloud-init. */
export const SSH_USER = 'ubuntu';

/** The two key pairs with which operator and VMs know each other. */
export interface LoginKeys {
  readonly operator: KeyPair;
  /**
   * One for all VMs of the stack's group: those that the autoscaler makes are known from the first connect, too, which
   * no key that they make themselves could be.
   */
  readonly host: KeyPair;
}

/**
 * The keys of a stack, on disk before anything is made with them.
 *
 * @param make whether missing ones are made; without, undefined says that there are none yet
 */
export async function loginKeys(paths: StackPaths, make: boolean): Promise<LoginKeys | undefined> {
  const pair = async (name: string): Promise<KeyPair | undefined> => {
    if (make) return ensureSecretPair(paths, name, () => makeSshKeyPair(`chainctl-${paths.name}-${name}`));
    const [privateKey, publicKey] = await Promise.all([readSecret(paths, name), readSecret(paths, `${name}.pub`)]);
    return privateKey === undefined || publicKey === undefined ? undefined : { privateKey, publicKey };
  };
  const [operator, host] = await Promise.all([pair(SSH_KEY), pair(HOST_KEY_B)]);
  return operator === undefined || host === undefined ? undefined : { operator, host };
}

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
