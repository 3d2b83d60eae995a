export interface SshAddress {
  readonly user: string;
  readonly address: string;
  readonly port: number;
}

/** How to reach one machine, and how to know that it is the right one. Holds a secret: never into state or events. */
export interface HostAccess extends SshAddress {
  /** OpenSSH or PEM text without a passphrase. */
  readonly privateKey?: string;
  /** Socket of an SSH agent, instead of a key. */
  readonly agent?: string | undefined;
  /** The pinned host key, `ssh-ed25519 AAAA...`: no other one is talked to. */
  readonly hostKey: string;
}

/** `user@address:port`, the port only where it is not the usual one; IPv6 addresses in brackets. */
export function formatAccess({ user, address, port }: SshAddress): string {
  if (port === 22) return `${user}@${address}`;
  return `${user}@${address.includes(':') ? `[${address}]` : address}:${port}`;
}
