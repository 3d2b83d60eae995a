import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeSshKeyPair } from '../../../src/services/machine/ssh-keys.ts';
import { findKnownKeys } from '../../../src/services/targets/host/known-hosts.ts';

const key = makeSshKeyPair('').publicKey.trim();
const other = makeSshKeyPair('').publicKey.trim();
const trustedOf = (text: string, address: string, port = 22) => findKnownKeys(text, address, port).trusted.length;

describe('known_hosts', () => {
  it('finds plain names, lists, wildcards and ports', () => {
    expect(trustedOf(`host.example ${key}`, 'host.example')).toBe(1);
    expect(trustedOf(`HOST.example ${key}`, 'host.EXAMPLE')).toBe(1);
    expect(trustedOf(`one,192.0.2.1 ${key} comment`, '192.0.2.1')).toBe(1);
    expect(trustedOf(`*.example ${key}`, 'a.example')).toBe(1);
    expect(trustedOf(`host ${key}`, 'host', 2222)).toBe(0);
    expect(trustedOf(`[host]:2222 ${key}`, 'host', 2222)).toBe(1);
    expect(trustedOf(`[2001:db8::1]:2222 ${key}`, '2001:db8::1', 2222)).toBe(1);
  });

  it('takes a dot for a dot, and a negation for a refusal of the line', () => {
    expect(trustedOf(`a.example ${key}`, 'aXexample')).toBe(0);
    expect(trustedOf(`*.example,!b.example ${key}`, 'b.example')).toBe(0);
  });

  it('finds hashed names', () => {
    const salt = Buffer.from('01234567890123456789');
    const hash = createHmac('sha1', salt).update('[host]:2222').digest('base64');
    const line = `|1|${salt.toString('base64')}|${hash} ${key}`;
    expect(trustedOf(line, 'host', 2222)).toBe(1);
    expect(trustedOf(line, 'host')).toBe(0);
  });

  it('keeps revoked keys apart, and passes over what it cannot read', () => {
    const text = [
      '# a comment',
      '',
      `@revoked host ${other}`,
      `@cert-authority host ${key}`,
      'host garbage',
      `host ${key}`,
    ];
    const { trusted, revoked } = findKnownKeys(text.join('\n'), 'host', 22);
    expect(trusted).toHaveLength(1);
    expect(revoked).toHaveLength(1);
  });
});
