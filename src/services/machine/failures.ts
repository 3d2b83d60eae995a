import { RemedyError, reasonOf, remedy } from '../../errors.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { fingerprint, type PublicKey, parsePublicKey } from './ssh-keys.ts';

export const AGAIN = 'run the command again: it continues where it stopped';

/** The connection ended before the remote side had said how its work ended: worth another try where that is idempotent. */
export class ConnectionLost extends Error {}

export class CommandFailed extends Error {
  readonly code: number;
  /** The last lines of what it wrote, oldest first. */
  readonly tail: readonly string[];

  constructor(what: string, code: number, tail: readonly string[]) {
    super(`${what} ended with ${code}${tail.length > 0 ? `: ${tail.at(-1)}` : ''}`);
    this.code = code;
    this.tail = tail;
  }

  /** Its end, as it goes below an error. */
  get quoted(): readonly string[] {
    return this.tail.slice(-15).map((line) => `  | ${line}`);
  }
}

export class CommandTimedOut extends Error {}

/** Loud, since it may be an attack: another machine answers where a known one is expected. */
export function hostKeyChanged(access: HostAccess, offered: PublicKey | undefined): RemedyError {
  const pinned = parsePublicKey(access.hostKey);
  const where = formatAccess(access);
  const found = offered === undefined ? 'no key of the pinned type' : `${offered.type} ${fingerprint(offered)}`;
  return remedy.configuration(
    'host-key-changed',
    `HOST KEY CHANGED: ${where} does not prove to be the machine that was set up. Nothing was sent to it.\n` +
      `  expected ${pinned === undefined ? 'an unreadable pinned key' : `${pinned.type} ${fingerprint(pinned)}`}\n` +
      `  offered  ${found}\n` +
      'Either the machine was reinstalled, or its address now belongs to another one, or somebody intercepts the connection.',
    [
      'compare the offered fingerprint with the one that the machine itself shows: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
      ...(offered === undefined
        ? []
        : [
            `if they match: deploy host again with --host-key ${fingerprint(offered)}; take a cloud's VM down and deploy it again`,
          ]),
      'if you cannot explain the change, stop here',
    ],
  );
}

export function authenticationFailed(access: HostAccess, cause: unknown): RemedyError {
  const means = access.privateKey === undefined ? 'the SSH agent' : 'the private key';
  return remedy.configuration(
    'ssh-authentication',
    `${formatAccess(access)} accepts none of the keys of ${means}`,
    [
      `try it by hand: ssh -p ${access.port} ${access.user}@${access.address}`,
      'check the user name and that the public key is in its ~/.ssh/authorized_keys, or name the key with --identity',
    ],
    cause,
  );
}

export function noAgent({ agent }: HostAccess, cause: unknown): RemedyError {
  const steps = ['start one: eval $(ssh-agent) && ssh-add', 'or name a private key: --identity ~/.ssh/id_ed25519'];
  return remedy.configuration('ssh-key-unusable', `the SSH agent at ${agent} does not answer`, steps, cause);
}

export function unreachable(access: HostAccess, seconds: number, reason: string): RemedyError {
  return remedy.unhealthy(
    'host-unreachable',
    `${formatAccess(access)} could not be reached within ${seconds} s: ${reason}`,
    ['check that the machine runs and that a firewall lets this address reach its SSH port', `then ${AGAIN}`],
  );
}

/**
 * Turns what went wrong on a machine into a sentence with a next step; an error that has them already stays.
 *
 * @param what the object of the sentence: "building the image of service A"
 */
export function hostFailure(what: string, access: HostAccess, error: unknown): unknown {
  if (error instanceof RemedyError) return error;
  const where = formatAccess(access);
  const tail = error instanceof CommandFailed ? error.tail : [reasonOf(error)];
  if (tail.some((line) => /no space left on device|disk quota exceeded|wrote only \d+ of \d+ bytes/i.test(line))) {
    const steps = [
      'see what fills it: df -h and docker system df on the machine',
      `free space or give it a larger disk, then ${AGAIN}`,
    ];
    return remedy.configuration('host-disk-full', `the disk of ${where} is full: ${what} failed`, steps, error);
  }
  if (error instanceof CommandFailed) {
    const text = [`${what} failed on ${where} (exit code ${error.code})`, ...error.quoted].join('\n');
    return remedy.unhealthy('host-command', text, [`fix what the lines above name, then ${AGAIN}`]);
  }
  if (error instanceof ConnectionLost || error instanceof CommandTimedOut) {
    const code = error instanceof ConnectionLost ? 'host-connection-lost' : 'host-timeout';
    return remedy.unhealthy(code, `${what} did not come to an end on ${where}: ${reasonOf(error)}`, [AGAIN], error);
  }
  return error;
}

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

/** What ssh2 hands back where no channel is opened; with the number of RFC 4254, section 5.1, where the sshd refused. */
export type ChannelError = Error & { readonly reason?: number };

const ADMINISTRATIVELY_PROHIBITED = 1;

export function forwardingForbidden(access: HostAccess, cause: ChannelError): RemedyError | undefined {
  // Not by its words, which are "open failed".
  if (cause.reason !== ADMINISTRATIVELY_PROHIBITED) return undefined;
  return remedy.configuration(
    'ssh-forwarding',
    `the sshd of ${formatAccess(access)} forbids TCP forwarding, which reaches the services`,
    [
      'set "AllowTcpForwarding local" in /etc/ssh/sshd_config on the machine and reload sshd',
      'if it is set: take away DisableForwarding and PermitOpen there, and "restrict" in its ~/.ssh/authorized_keys',
    ],
    cause,
  );
}

export function sessionRefused(access: HostAccess, cause: ChannelError): RemedyError | undefined {
  if (cause.reason === undefined) return undefined;
  return remedy.configuration(
    'ssh-sessions',
    `the sshd of ${formatAccess(access)} runs no further command over a connection: ${reasonOf(cause)}`,
    ['set "MaxSessions 10" in /etc/ssh/sshd_config on the machine and reload sshd', `then ${AGAIN}`],
    cause,
  );
}
