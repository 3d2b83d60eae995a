import type { StackPaths } from '../stack/paths.ts';
import { type KeyPair, SSH_KEY, secretPair } from '../stack/secrets.ts';
import { makeSshKeyPair } from './ssh-keys.ts';

/** The two key pairs with which operator and VMs know each other. */
export interface LoginKeys {
  readonly operator: KeyPair;
  /** That of the machine, or of all machines of a group: they are known from the first connect, as no key of their own making could be. */
  readonly host: KeyPair;
}

/**
 * The keys of a stack, on disk before anything is made with them.
 *
 * @param hostKey name of the secret that is the machine's own
 * @param make whether missing ones are made; without, undefined says that there are none yet
 */
export async function loginKeys(paths: StackPaths, hostKey: string, make: boolean): Promise<LoginKeys | undefined> {
  const pair = (name: string) =>
    secretPair(paths, name, make ? () => makeSshKeyPair(`chainctl-${paths.name}-${name}`) : undefined);
  const [operator, host] = await Promise.all([pair(SSH_KEY), pair(hostKey)]);
  return operator === undefined || host === undefined ? undefined : { operator, host };
}
