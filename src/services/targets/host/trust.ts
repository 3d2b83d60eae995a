import { type RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { formatAccess, type SshAddress } from '../../machine/access.ts';
import { connect, signaturesOf } from '../../machine/dial.ts';
import { fingerprint, formatPublicKey, type PublicKey, publicKeyOf } from '../../machine/ssh-keys.ts';
import { findKnownKeys } from './known-hosts.ts';

/** How a machine that chainctl did not make may prove who it is at the first connect. */
export interface TrustOptions {
  /** The text of the operator's known_hosts; empty where there is none. */
  readonly knownHosts: string;
  /** `SHA256:...`, from --host-key. */
  readonly expectedFingerprint?: string | undefined;
  /** Take whatever key is offered, from --accept-new-host-key; never one that contradicts known_hosts. */
  readonly acceptNew: boolean;
  /** Shows the fingerprint and asks; undefined where there is nobody to ask. */
  readonly ask?: ((where: string, fingerprint: string) => Promise<boolean>) | undefined;
}

/** Preferred first; the SHA-1 signature `ssh-rsa` is not accepted. */
const KEY_TYPES = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

/**
 * Decides at the first connect which host key is pinned from then on.
 *
 * @returns the key as it is pinned: `ssh-ed25519 AAAA...`
 * @throws RemedyError (exit 3) when the key contradicts what is known, or nobody vouches for it; (5) when there is none
 */
export async function pinHostKey(endpoint: SshAddress, options: TrustOptions, signal: AbortSignal): Promise<string> {
  const { trusted, revoked } = findKnownKeys(options.knownHosts, endpoint.address, endpoint.port);
  // Asked for in a type that is known, if any, as OpenSSH does: another type would prove nothing.
  const known = KEY_TYPES.filter((type) => trusted.some((key) => key.type === type));
  const offered = await offeredHostKey(endpoint, known.length > 0 ? known : KEY_TYPES, signal);
  const where = formatAccess(endpoint);
  const shown = `${offered.type} ${fingerprint(offered)}`;
  if (revoked.some(({ blob }) => blob.equals(offered.blob))) {
    throw distrusted(`${where} offers a host key that known_hosts revokes: ${shown}`, [
      'let the machine make a new key, and find out who knows the old one: that is what it was revoked for',
      'if it is not this one that was meant, take its @revoked line out of ~/.ssh/known_hosts',
    ]);
  }
  const matches = trusted.some(({ blob }) => blob.equals(offered.blob));
  if (!matches && trusted.length > 0) {
    throw remedy.configuration(
      'host-key-changed',
      `HOST KEY CHANGED: ${where} offers ${shown}, and known_hosts has another key for it. Nothing was sent to it.`,
      [
        'find out why it changed: a reinstalled machine, another machine at this address, or somebody who intercepts the connection',
        `if it is right, forget the old key: ssh-keygen -R ${knownHostsName(endpoint)}`,
      ],
    );
  }
  if (options.expectedFingerprint !== undefined) {
    if (options.expectedFingerprint === fingerprint(offered)) return formatPublicKey(offered);
    throw distrusted(`${where} offers ${shown}, not the ${options.expectedFingerprint} of --host-key`, [
      'compare with what the machine itself shows: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    ]);
  }
  if (matches || options.acceptNew || (await options.ask?.(where, shown)) === true) return formatPublicKey(offered);
  throw distrusted(`the host key of ${where} is not known yet: ${shown}`, [
    `compare it with what the machine shows, then name it: --host-key ${fingerprint(offered)}`,
    `or connect once by hand, and answer its question: ssh -p ${endpoint.port} ${endpoint.user}@${endpoint.address}`,
    'or take it unseen: --accept-new-host-key',
  ]);
}

function distrusted(message: string, nextSteps: readonly string[]): RemedyError {
  return remedy.configuration('host-key-unknown', message, nextSteps);
}

function knownHostsName({ address, port }: SshAddress): string {
  return port === 22 ? address : `'[${address}]:${port}'`;
}

/** Learns which key a machine proves to hold, and hangs up before saying who we are. */
async function offeredHostKey(endpoint: SshAddress, types: readonly string[], signal: AbortSignal): Promise<PublicKey> {
  let offered: PublicKey | undefined;
  const hostVerifier = (key: Buffer) => {
    offered = publicKeyOf(key);
    return false;
  };
  const algorithms = { serverHostKey: types.flatMap(signaturesOf) };
  try {
    await connect(endpoint, signal, { algorithms, hostVerifier, readyTimeout: 15_000 });
  } catch (error) {
    signal.throwIfAborted();
    if (offered !== undefined) return offered;
    const where = formatAccess(endpoint);
    const steps = [
      `try it by hand: ssh -p ${endpoint.port} ${endpoint.user}@${endpoint.address}`,
      'check the address, that the machine runs and that a firewall lets this one reach its SSH port',
    ];
    throw remedy.unhealthy('host-unreachable', `${where} could not be reached: ${reasonOf(error)}`, steps, error);
  }
  throw new Error('the machine let us in without showing a host key');
}
