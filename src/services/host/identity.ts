import { readFile } from 'node:fs/promises';
import ssh2 from 'ssh2';
import { ExitCode, RemedyError, reasonOf } from '../../errors.ts';

/**
 * Reads a private key that can be used without asking.
 *
 * @throws RemedyError (exit 3) for a file that is not there, is no private key, or has a passphrase
 */
export async function readIdentity(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(
      `the private key ${path} cannot be read: ${reasonOf(error)}`,
      'check the path given with --identity',
      error,
    );
  }
  const parsed = ssh2.utils.parseKey(text);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error || key === undefined) {
    if (/encrypted|passphrase/i.test(reasonOf(key))) {
      throw unusable(
        `the private key ${path} has a passphrase`,
        `give it to the SSH agent, and leave --identity out: ssh-add ${path}`,
        key,
      );
    }
    throw unusable(
      `${path} is not a private key: ${reasonOf(key)}`,
      'name the private key, not the .pub beside it',
      key,
    );
  }
  if (!key.isPrivateKey()) {
    throw unusable(
      `${path} is a public key`,
      'name the private key, which usually has the same name without .pub',
      undefined,
    );
  }
  return text;
}

function unusable(message: string, nextStep: string, cause: unknown): RemedyError {
  return new RemedyError(message, {
    code: 'ssh-key-unusable',
    exit: ExitCode.configuration,
    cause,
    nextSteps: [nextStep],
  });
}
