import ssh2 from 'ssh2';
import { type RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { readWhole } from '../../files/read-whole.ts';
import { checkSecretFile } from '../../files/secret-file.ts';
import { shellWord } from '../../words.ts';

/** No key is longer, bytes. */
const MOST_BYTES = 2 ** 20;

/**
 * Reads a private key that can be used without asking.
 *
 * @throws RemedyError (exit 3) for a file that is not there, can be read by others, is no private key, or has a passphrase
 */
export async function readIdentity(path: string): Promise<string> {
  const bytes = await readWhole(path, MOST_BYTES).catch((error: unknown) => {
    const why = `the private key ${path} cannot be read: ${reasonOf(error)}`;
    throw unusable(why, 'check the path given with --identity', error);
  });
  const text = bytes.toString('utf8');
  if (/^ssh-|^ecdsa-/.test(text)) {
    throw unusable(`${path} is a public key`, 'name the private key: usually the same name without .pub');
  }
  await checkSecretFile(path, 'private key');
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw unusable(`${path} is not a private key that ssh knows`, 'name a key that ssh-keygen made');
  }
  if (isEncrypted(text)) {
    const step = `give it to the SSH agent, and leave --identity out: ssh-add ${path}`;
    throw unusable(`the private key ${path} has a passphrase`, step);
  }
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) {
    const step = `write it in OpenSSH's own format, if it is whole: ssh-keygen -p -N '' -f ${shellWord(path)}`;
    throw unusable(`the private key ${path} is of a kind that is not read here: ${parsed.message}`, step, parsed);
  }
  return text;
}

/** PEM says so in words; OpenSSH's own format names the cipher first (PROTOCOL.key), `none` for no passphrase. */
function isEncrypted(text: string): boolean {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return /ENCRYPTED/.test(text);
  return !Buffer.from(body, 'base64').toString('latin1').startsWith('openssh-key-v1\0\0\0\0\x04none');
}

function unusable(message: string, nextStep: string, cause?: unknown): RemedyError {
  return remedy.configuration('ssh-key-unusable', message, [nextStep], cause);
}
