import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import type { KeyPair } from '../stack/secrets.ts';

/** Bytes of an ed25519 public key over the wire: its type and 32 bytes, each with its length before it. */
const WHOLE = 4 + 'ssh-ed25519'.length + 4 + 32;

/**
 * Makes an ed25519 key pair without a passphrase, in the formats that OpenSSH and cloud-init read.
 *
 * @param generate of the library; of a public key that begins with zeros it drops them (1 in 256, ssh2 1.17)
 */
export function makeSshKeyPair(
  comment: string,
  generate: (comment: string) => { readonly private: string; readonly public: string } = ed25519,
): KeyPair {
  for (;;) {
    const pair = generate(comment);
    // OpenSSH does not read a key that has lost bytes.
    if (parsePublicKey(pair.public)?.blob.length === WHOLE) return { privateKey: pair.private, publicKey: pair.public };
  }
}

const ed25519 = (comment: string) => ssh2.utils.generateKeyPairSync('ed25519', { comment });

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
