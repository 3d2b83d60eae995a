import { createHmac } from 'node:crypto';
import { type PublicKey, parsePublicKey } from '../../machine/ssh-keys.ts';

/**
 * Reads what OpenSSH's known_hosts (format in sshd(8)) says of a host: plain, wildcard and hashed names, negations,
 * `@revoked`. Certificate authorities and lines that cannot be read are left out.
 */
export function findKnownKeys(text: string, address: string, port: number) {
  const name = port === 22 ? address : `[${address}]:${port}`;
  const trusted: PublicKey[] = [];
  const revoked: PublicKey[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined;
    const [names, ...rest] = fields;
    if (names === undefined || names === '' || names.startsWith('#') || marker === '@cert-authority') continue;
    const key = parsePublicKey(rest.join(' '));
    if (key === undefined || !matches(names, name)) continue;
    (marker === '@revoked' ? revoked : trusted).push(key);
  }
  return { trusted, revoked };
}

function matches(names: string, name: string): boolean {
  if (names.startsWith('|1|')) {
    const [, , salt = '', hash] = names.split('|');
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  }
  const patterns = names.split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && globMatches(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && globMatches(pattern, name));
}

function globMatches(pattern: string, name: string): boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name.toLowerCase());
}
