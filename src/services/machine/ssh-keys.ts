import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import type { KeyPair } from '../stack/secrets.ts';

/**
 * Makes an ed25519 key pair without a passphrase, in the formats that OpenSSH and cloud-init read:
 * `-----BEGIN OPENSSH PRIVATE KEY-----` and `ssh-ed25519 AAAA... comment`.
 */
export function makeSshKeyPair(comment: string): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
  return { privateKey: pair.private, publicKey: pair.public };
}

/** A public key as it goes over the wire. */
export interface PublicKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ... */
  readonly type: string;
  readonly blob: Buffer;
}

/** @returns undefined for a text that is no `type base64 [comment]` whose two parts agree on the type */
export function parsePublicKey(line: string): PublicKey | undefined {
  const [type, encoded] = line.trim().split(/\s+/);
  if (type === undefined || encoded === undefined) return undefined;
  const key = publicKeyOf(Buffer.from(encoded, 'base64'));
  return key?.type === type ? key : undefined;
}

/** Reads the type out of a key's wire form. */
export function publicKeyOf(blob: Buffer): PublicKey | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return blob.length < 4 + length ? undefined : { type: blob.toString('latin1', 4, 4 + length), blob };
}

/** `type base64`, without a comment: the form in which keys are pinned. */
export function formatPublicKey({ type, blob }: PublicKey): string {
  return `${type} ${blob.toString('base64')}`;
}

/** As `ssh-keygen -l` shows it: `SHA256:` and unpadded base64. */
export function fingerprint({ blob }: PublicKey): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
