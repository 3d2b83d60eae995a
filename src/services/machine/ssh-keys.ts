import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

/** A key pair in OpenSSH's formats: `-----BEGIN OPENSSH PRIVATE KEY-----` and `ssh-ed25519 AAAA... comment`. */
export interface SshKeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

const ALGORITHM = 'ssh-ed25519';

/**
 * Makes an ed25519 key pair without a passphrase, in the formats that OpenSSH and cloud-init read. The private format is
 * `openssh-key-v1` (PROTOCOL.key of OpenSSH), which Node's own export does not know.
 */
export function makeSshKeyPair(comment: string): SshKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  // The raw halves are in the key's JSON form; both are 32 bytes (RFC 8032).
  const { d, x } = {
    x: undefined,
    d: undefined,
    ...publicKey.export({ format: 'jwk' }),
    ...privateKey.export({ format: 'jwk' }),
  };
  if (d === undefined || x === undefined) throw new Error('the ed25519 key has no raw form');
  const [secret, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const publicBlob = Buffer.concat([text(ALGORITHM), bytes(point)]);
  const check = randomBytes(4);
  const unpadded = Buffer.concat([check, check, publicBlob, bytes(Buffer.concat([secret, point])), text(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (unpadded.length % 8)) % 8 }, (_, index) => index + 1));
  const blob = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    uint32(1),
    bytes(publicBlob),
    bytes(Buffer.concat([unpadded, padding])),
  ]);
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicKey: `${ALGORITHM} ${publicBlob.toString('base64')} ${comment}`,
  };
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

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function bytes(value: Buffer): Buffer {
  return Buffer.concat([uint32(value.length), value]);
}

function text(value: string): Buffer {
  return bytes(Buffer.from(value));
}
