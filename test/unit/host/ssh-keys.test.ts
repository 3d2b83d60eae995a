import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  fingerprint,
  formatPublicKey,
  makeSshKeyPair,
  parsePublicKey,
} from '../../../src/services/machine/ssh-keys.ts';
import { readIdentity } from '../../../src/services/targets/host/identity.ts';

describe('a key pair', () => {
  it('differs every time', () => {
    expect(makeSshKeyPair('x').privateKey).not.toBe(makeSshKeyPair('x').privateKey);
  });

  it('is never one that has lost its leading zeros', () => {
    const lost = `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0\x1f${'k'.repeat(31)}`, 'latin1').toString('base64')}`;
    const whole = { private: 'the private key', public: line };
    const made = [{ private: 'no key', public: lost }, whole];
    expect(makeSshKeyPair('x', () => made.shift() ?? whole)).toEqual({ privateKey: whole.private, publicKey: line });
    for (let i = 0; i < 1000; i += 1) {
      expect(parsePublicKey(makeSshKeyPair('x').publicKey)?.blob.length).toBe(51);
    }
  });

  // Comments of several lengths: the private part is padded.
  it.each(['', 'a', 'chainctl-demo', 'chainctl-demo-operator'])(
    'is what OpenSSH reads; comment "%s"',
    async (comment) => {
      const folder = await mkdtemp(join(tmpdir(), 'chainctl-keys-'));
      try {
        const { privateKey, publicKey } = makeSshKeyPair(comment);
        await writeFile(join(folder, 'key'), privateKey, { mode: 0o600 });
        const read = execFileSync('ssh-keygen', ['-y', '-P', '', '-f', join(folder, 'key')], { encoding: 'utf8' });
        expect(read.trim()).toBe(publicKey.trim());
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});

// The fingerprint is what ssh-keygen 9.2 shows.
const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFD9x+NNnsiMfnV0FZBxtaYHTK3Nwiyolco6n60OqgAG operator';

describe('a public key', () => {
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

describe('a private key of the operator', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-identity-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const file = async (text: string) => {
    const path = join(folder, 'key');
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };

  it('is read as it is', async () => {
    const { privateKey } = makeSshKeyPair('x');
    expect(await readIdentity(await file(privateKey))).toBe(privateKey);
  });

  it('is refused where others can read it, as ssh does', async () => {
    const path = await file(makeSshKeyPair('x').privateKey);
    await chmod(path, 0o644);
    await expect(readIdentity(path)).rejects.toMatchObject({ code: 'secret-open', exit: 3 });
  });

  it('is refused with what to do when it cannot be used without asking', async () => {
    const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' } as const;
    const pem = generateKeyPairSync('ed25519').privateKey.export(options).toString();
    await expect(readIdentity(await file(pem))).rejects.toThrow(/has a passphrase/);
    const cipher = Buffer.from('openssh-key-v1\0\0\0\0\x0aaes256-ctr').toString('base64');
    const openssh = `-----BEGIN OPENSSH PRIVATE KEY-----\n${cipher}\n-----END OPENSSH PRIVATE KEY-----\n`;
    await expect(readIdentity(await file(openssh))).rejects.toThrow(/has a passphrase/);
    await expect(readIdentity(await file(line))).rejects.toThrow(/is a public key/);
    await expect(readIdentity(await file('hello'))).rejects.toThrow(/not a private key/);
    await expect(readIdentity(join(folder, 'missing'))).rejects.toThrow(/cannot be read/);
    // The library reads OpenSSH's own format and the old PEM ones; a key in another would look like a machine that is down.
    const pkcs8 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const cut = makeSshKeyPair('x').privateKey.replace(/\n[^\n]+\n-----END/, '\n-----END');
    for (const key of [pkcs8, cut]) {
      await expect(readIdentity(await file(key))).rejects.toMatchObject({
        code: 'ssh-key-unusable',
        nextSteps: [expect.stringContaining(`ssh-keygen -p -N '' -f ${join(folder, 'key')}`)],
      });
    }
  });
});
