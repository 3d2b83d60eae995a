import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, makeSshKeyPair, parsePublicKey } from '../../../src/services/machine/ssh-keys.ts';
import { pinHostKey, type TrustOptions } from '../../../src/services/targets/host/trust.ts';
import { canRunSshd, Sshd } from '../../support/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  if (canRunSshd) sshd = await Sshd.start();
});
afterAll(() => sshd?.close());

const { signal } = new AbortController();
const pin = (options: Partial<TrustOptions> = {}) =>
  pinHostKey(sshd.access(), { knownHosts: '', acceptNew: false, ...options }, signal);
const known = (key: string) => `[127.0.0.1]:${sshd.port} ${key}\n`;

describe.skipIf(!canRunSshd)('the first connect', () => {
  it('pins a key that known_hosts has, that its fingerprint vouches for, or that was accepted', async () => {
    const { hostKey } = sshd.access();
    const shown = fingerprint(parsePublicKey(hostKey) as never);
    expect(await pin({ knownHosts: known(hostKey) })).toBe(hostKey);
    expect(await pin({ expectedFingerprint: shown })).toBe(hostKey);
    expect(await pin({ acceptNew: true })).toBe(hostKey);
    expect(await pin({ ask: async (_where, text) => text.includes(shown) })).toBe(hostKey);
  });

  it('refuses a key that nobody vouches for, and shows its fingerprint', async () => {
    const refusal = { code: 'host-key-unknown', exit: 3 };
    await expect(pin()).rejects.toMatchObject({ ...refusal, message: expect.stringContaining('SHA256:') });
    await expect(pin({ ask: async () => false })).rejects.toMatchObject(refusal);
    await expect(pin({ expectedFingerprint: 'SHA256:other' })).rejects.toMatchObject(refusal);
    await expect(
      pin({ acceptNew: true, knownHosts: `@revoked ${known(sshd.access().hostKey)}` }),
    ).rejects.toMatchObject({
      ...refusal,
      nextSteps: expect.arrayContaining([expect.stringContaining('take its @revoked line out')]),
    });
  });

  it('refuses a key that contradicts known_hosts, even one that was to be accepted unseen', async () => {
    const knownHosts = known(makeSshKeyPair('').publicKey);
    await expect(pin({ knownHosts, acceptNew: true })).rejects.toMatchObject({ code: 'host-key-changed', exit: 3 });
  });

  it('says that nobody answers', async () => {
    const nobody = { ...sshd.access(), port: 1 };
    await expect(pinHostKey(nobody, { knownHosts: '', acceptNew: true }, signal)).rejects.toMatchObject({
      code: 'host-unreachable',
      exit: 5,
    });
  });
});
