import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { reasonOf, remedy } from '../../errors.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates in a file.
 *
 * @returns them alone, PEM
 * @throws RemedyError (exit 2) when the file cannot be read, or holds none, or one that is damaged
 */
export async function readAuthorities(file: string): Promise<string> {
  const refused = (why: string, cause?: unknown) =>
    remedy.usage(
      'ca-file-invalid',
      `the file ${file} given with --ca-file ${why}`,
      ['give a file of certificates, PEM'],
      cause,
    );
  const text = await readFile(file, 'latin1').catch((error: unknown) => {
    throw refused(`cannot be read: ${reasonOf(error)}`, error);
  });
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw refused('holds no certificate');
  for (const [i, each] of found.entries()) {
    try {
      new X509Certificate(each);
    } catch (error) {
      throw refused(`holds a damaged certificate (number ${i + 1}): ${reasonOf(error)}`, error);
    }
  }
  return found.join('\n');
}
