import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { fingerprint, formatPublicKey, makeSshKeyPair, parsePublicKey } from '../../../src/services/host/ssh-keys.ts';

describe('a key pair', () => {
  it('is read back by another implementation, whose signature its public half verifies', () => {
    for (const comment of ['', 'a', 'operator@host', 'x'.repeat(40)]) {
      const pair = makeSshKeyPair(comment);
      const key = ssh2.utils.parseKey(pair.privateKey);
      if (key instanceof Error) throw key;
      expect(key.type).toBe('ssh-ed25519');
      const other = ssh2.utils.parseKey(pair.publicKey);
      if (other instanceof Error) throw other;
      const data = Buffer.from('signed');
      expect(other.verify(data, key.sign(data))).toBe(true);
    }
  });

  it('differs every time', () => {
    expect(makeSshKeyPair('x').privateKey).not.toBe(makeSshKeyPair('x').privateKey);
  });
});

describe('a public key', () => {
  // Made with ssh-keygen 9.2; the fingerprint is what ssh-keygen -l says.
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFD9x+NNnsiMfnV0FZBxtaYHTK3Nwiyolco6n60OqgAG operator';

  it('has the fingerprint that ssh-keygen shows', () => {
    const key = parsePublicKey(line);
    expect(key && fingerprint(key)).toBe('SHA256:bz4hE0qEf32wvj0ESQIswFTcoSro6qIvGvF1Y4rdhGo');
    expect(key && formatPublicKey(key)).toBe(line.split(' ').slice(0, 2).join(' '));
  });

  it('is not read from a text whose type and content differ', () => {
    expect(parsePublicKey(line.replace('ssh-ed25519', 'ssh-rsa'))).toBeUndefined();
    expect(parsePublicKey('ssh-ed25519')).toBeUndefined();
    expect(parsePublicKey('ssh-ed25519 AAAA')).toBeUndefined();
    expect(parsePublicKey('')).toBeUndefined();
  });
});
