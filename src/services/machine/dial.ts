import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { NodeSSH } from 'node-ssh';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import { hasCode, RemedyError, reasonOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { authenticationFailed, hostKeyChanged, unreachable } from './failures.ts';
import { type PublicKey, parsePublicKey, publicKeyOf } from './ssh-keys.ts';

/** How often the other side is asked for a sign of life, and how many may be missed: a black hole is noticed in 30 s. */
const KEEPALIVE = { keepaliveInterval: 10_000, keepaliveCountMax: 3 };

/** One attempt, from the first packet to the end of authentication. */
const ATTEMPT_MS = 20_000;

/** How often it is asked whether the machine still exists. */
const GONE_LOOK_MS = 5000;

/** A machine that is just being set up may know the key a moment after its sshd answers. */
const AUTHENTICATION_PATIENCE_MS = 10_000;

export interface DialDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told before each wait, with what was seen last. */
  waiting(reason: string): void;
  /** Asked now and then while nothing answers: why waiting is of no use any more, as whoever runs the machine knows. */
  gone?(): Promise<Error | undefined>;
}

/**
 * Connects and authenticates, trying again while the machine refuses or does not answer. The host key is compared with
 * the pinned one before anything is sent.
 *
 * @param waitSeconds how long to go on trying; 0 for one attempt
 * @throws RemedyError `host-key-changed`, `ssh-authentication`, `ssh-key-unusable` (3), `host-unreachable` (5), or what
 *   `gone` says
 */
export async function dial(access: HostAccess, waitSeconds: number, deps: DialDeps): Promise<Client> {
  const { clock, signal, waiting } = deps;
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
        const gone = await deps.gone?.().catch(() => undefined);
        signal.throwIfAborted();
        if (gone !== undefined) throw gone;
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
  const pinned = parsePublicKey(access.hostKey);
  if (pinned === undefined) throw hostKeyChanged(access, undefined);
  let refused: PublicKey | undefined;
  const bound = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]);
  const socket = await openSocket(access, bound);
  const ssh = new NodeSSH();
  try {
    await ssh.connect({
      sock: socket,
      // Only for node-ssh's own check; the socket is connected already.
      host: access.address,
      username: access.user,
      ...(access.privateKey === undefined ? {} : { privateKey: access.privateKey }),
      ...(access.agent === undefined ? {} : { agent: access.agent }),
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
    socket.destroy();
    if (refused !== undefined || /no matching host key format/i.test(reasonOf(error))) {
      throw hostKeyChanged(access, refused);
    }
    if (/authentication methods failed/i.test(reasonOf(error))) throw authenticationFailed(access, error);
    throw error;
  }
  const client = ssh.connection;
  if (client === null) throw new Error('the connection ended at once');
  // Without a listener, a connection that dies while nothing is under way would end the process.
  client.on('error', () => {});
  return client;
}

/** A connected socket without Nagle's algorithm, which makes each small exchange of SSH wait 40 ms. */
export async function openSocket(
  { address, port }: Pick<HostAccess, 'address' | 'port'>,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = createConnection({ host: address, port, noDelay: true });
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? new Error('no answer to the connection attempt') : error;
  }
  // once() took its listener away; a reset in between must not be an uncaught error.
  socket.on('error', () => {});
  return socket;
}

/** The signature algorithms that a key type can be asked for with; the weak `ssh-rsa` (SHA-1) is not among them. */
export function signaturesOf(keyType: string): ServerHostKeyAlgorithm[] {
  if (keyType === 'ssh-rsa') return ['rsa-sha2-512', 'rsa-sha2-256'];
  return [keyType as ServerHostKeyAlgorithm];
}

/** Whether trying again later can help: nobody listens, or nobody answers. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof RemedyError) return error.code === 'host-unreachable';
  return hasCode(error, 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNRESET');
}

/** Whether the machine answered, and does not accept the key. */
export function isLockedOut(error: unknown): boolean {
  return error instanceof RemedyError && error.code === 'ssh-authentication';
}
