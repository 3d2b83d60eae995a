import { once } from 'node:events';
import { createConnection } from 'node:net';
import { type Config, NodeSSH } from 'node-ssh';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import { RemedyError, reasonOf } from '../../errors.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { formatAccess, type HostAccess, type SshAddress } from './access.ts';
import { authenticationFailed, hostKeyChanged, noAgent, unreachable } from './failures.ts';
import { type PublicKey, parsePublicKey, publicKeyOf } from './ssh-keys.ts';

/** How often the other side is asked for a sign of life, and how many may be missed: a black hole is noticed after 40 s. */
const KEEPALIVE = { keepaliveInterval: 10_000, keepaliveCountMax: 3 };

/** One attempt, from the first packet to the end of authentication. */
const ATTEMPT_MS = 20_000;

/** How often it is asked whether the machine still exists. */
const GONE_LOOK_MS = 5000;

/** A machine that is just being set up may know the key a moment after its sshd answers. */
const AUTHENTICATION_PATIENCE_MS = 10_000;

export interface DialOptions {
  /** How long to go on trying; 0 for one attempt. */
  readonly waitSeconds: number;
  /** Told before each wait, with what was seen last. */
  waiting(reason: string): void;
  /** Asked now and then while nothing answers: why waiting is of no use any more, as whoever runs the machine knows. */
  readonly gone?: (() => Promise<Error | undefined>) | undefined;
}

/**
 * Connects and authenticates, trying again while the machine refuses or does not answer. The host key is compared with
 * the pinned one before anything is sent.
 *
 * @throws RemedyError `host-key-changed`, `ssh-authentication`, `ssh-key-unusable` (3), `host-unreachable` (5), or what
 *   `gone` says
 */
export async function dial(
  access: HostAccess,
  { clock, signal }: Pick<ResourceContext, 'clock' | 'signal'>,
  { waitSeconds, waiting, gone }: DialOptions,
): Promise<Client> {
  const started = clock.monotonic();
  let nextLook = started;
  let answeredAt: number | undefined;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await dialOnce(access, signal);
    } catch (error) {
      signal.throwIfAborted();
      const elapsedMs = clock.monotonic() - started;
      if (error instanceof RemedyError && error.code !== 'ssh-authentication') throw error;
      // A machine that boots may answer before it has its key: since when it does is what counts, without a break.
      answeredAt = error instanceof RemedyError ? (answeredAt ?? elapsedMs) : undefined;
      const patienceMs = answeredAt === undefined ? Number.POSITIVE_INFINITY : answeredAt + AUTHENTICATION_PATIENCE_MS;
      if (clock.monotonic() >= nextLook) {
        // A failed check means nothing for the machine.
        const end = await gone?.().catch(() => undefined);
        signal.throwIfAborted();
        if (end !== undefined) throw end;
        nextLook = clock.monotonic() + GONE_LOOK_MS;
      }
      const pauseMs = 250 * 2 ** Math.min(attempt - 1, 2);
      if (elapsedMs + pauseMs > Math.min(waitSeconds * 1000, patienceMs)) {
        throw error instanceof RemedyError ? error : unreachable(access, Math.round(elapsedMs / 1000), reasonOf(error));
      }
      waiting(`${formatAccess(access)} is not reachable yet: ${reasonOf(error)}`);
      await clock.sleep(pauseMs, signal);
    }
  }
}

async function dialOnce(access: HostAccess, signal: AbortSignal): Promise<Client> {
  const { privateKey, agent } = access;
  const pinned = parsePublicKey(access.hostKey);
  if (pinned === undefined) throw hostKeyChanged(access, undefined);
  let refused: PublicKey | undefined;
  try {
    return await connect(access, signal, {
      ...(privateKey !== undefined && { privateKey }),
      ...(agent !== undefined && { agent }),
      algorithms: { serverHostKey: signaturesOf(pinned.type) },
      // Synchronous: a promise would be truthy, and any key accepted.
      hostVerifier: (offered: Buffer) => {
        if (offered.equals(pinned.blob)) return true;
        refused = publicKeyOf(offered);
        return false;
      },
      readyTimeout: ATTEMPT_MS,
      ...KEEPALIVE,
    });
  } catch (error) {
    if (refused !== undefined || /no matching host key format/i.test(reasonOf(error))) {
      throw hostKeyChanged(access, refused);
    }
    if (/failed to connect to agent/i.test(reasonOf(error))) throw noAgent(access, error);
    throw /authentication methods failed/i.test(reasonOf(error)) ? authenticationFailed(access, error) : error;
  }
}

/**
 * One attempt to connect and to authenticate as the configuration says.
 *
 * @param config `readyTimeout`: for all of it, milliseconds
 */
export async function connect(
  { address, port, user }: SshAddress,
  signal: AbortSignal,
  config: Config & { readonly readyTimeout: number },
): Promise<Client> {
  // Nagle's algorithm makes each small exchange of SSH wait 40 ms.
  const sock = createConnection({ host: address, port, noDelay: true });
  const bound = AbortSignal.any([signal, AbortSignal.timeout(config.readyTimeout)]);
  const stop = () => sock.destroy();
  bound.addEventListener('abort', stop, { once: true });
  try {
    await once(sock, 'connect', { signal: bound });
    // once() took its listener away; a reset in between must not be an uncaught error.
    sock.on('error', () => {});
    const ssh = new NodeSSH();
    // The host is only for node-ssh's own check; the socket is connected already.
    await ssh.connect({ sock, host: address, username: user, ...config });
    if (ssh.connection === null) throw new Error('the connection ended at once');
    // Without a listener, a connection that dies while nothing is under way would end the process.
    return ssh.connection.on('error', () => {});
  } catch (error) {
    sock.destroy();
    signal.throwIfAborted();
    throw bound.aborted ? new Error(`no answer within ${config.readyTimeout / 1000} s`, { cause: error }) : error;
  } finally {
    bound.removeEventListener('abort', stop);
  }
}

/** The signature algorithms that a key type can be asked for with; the weak `ssh-rsa` (SHA-1) is not among them. */
export function signaturesOf(keyType: string): ServerHostKeyAlgorithm[] {
  if (keyType === 'ssh-rsa') return ['rsa-sha2-512', 'rsa-sha2-256'];
  return [keyType as ServerHostKeyAlgorithm];
}
