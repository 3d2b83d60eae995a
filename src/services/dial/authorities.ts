import { X509Certificate } from 'node:crypto';
import { reasonOf, remedy } from '../../errors.ts';
import { readWhole } from '../files/read-whole.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All that systems trust is a quarter of a megabyte. */
const MOST_BYTES = 8 * 2 ** 20;

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
  const bytes = await readWhole(file, MOST_BYTES).catch((error: unknown) => {
    throw refused(`cannot be read: ${reasonOf(error)}`, error);
  });
  const text = bytes.toString('latin1');
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
