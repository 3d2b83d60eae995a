import { isUtf8 } from 'node:buffer';
import { open, stat } from 'node:fs/promises';
import { type RemedyError, reasonOf, remedy } from '../../errors.ts';
import { shellWord } from '../words.ts';

export interface TextFileOptions {
  /** What the file is, in the singular: `prompt file`. */
  readonly what: string;
  /** The flag that names it. */
  readonly flag: string;
  /** Beginning of the errors' codes: `prompt` makes `prompt-unreadable`, `prompt-not-text`. */
  readonly code: string;
  /** Largest size, bytes. */
  readonly most: number;
}

/** What a file is by its first bytes, in hexadecimal, and the command that writes the text in it to stdout. */
const KINDS: readonly (readonly [first: RegExp, name: string, unpack?: (file: string) => string])[] = [
  [/^1f8b/, 'compressed with gzip', (file) => `gzip -dc ${file}`],
  [/^28b52ffd/, 'compressed with zstd', (file) => `zstd -dc ${file}`],
  [/^fd377a585a00/, 'compressed with xz', (file) => `xz -dc ${file}`],
  [/^425a683[1-9]314159265359/, 'compressed with bzip2', (file) => `bzip2 -dc ${file}`],
  [/^04224d18/, 'compressed with lz4', (file) => `lz4 -dc ${file}`],
  [/^504b0(304|506)/, 'a ZIP archive (as office documents are)', (file) => `unzip -p ${file}`],
  [/^255044462d/, 'a PDF', (file) => `pdftotext ${file} -`],
  [/^(fffe0000|0000feff)/, 'UTF-32', (file) => `iconv -f UTF-32 -t UTF-8 ${file}`],
  [/^fffe/, 'UTF-16 (little-endian)', (file) => `iconv -f UTF-16 -t UTF-8 ${file}`],
  [/^feff/, 'UTF-16 (big-endian)', (file) => `iconv -f UTF-16 -t UTF-8 ${file}`],
  [/^7f454c46/, 'a program'],
  [/^89504e47/, 'a picture (PNG)'],
  [/^ffd8ff/, 'a picture (JPEG)'],
  [/^50415231/, 'Parquet'],
];

/** So much is looked at for UTF-16 without a mark, bytes. */
const LOOK_BYTES = 4096;

/**
 * Reads a file that an operator wrote or downloaded: text in UTF-8, without its byte order mark. Everything else is
 * refused with what it is, and the command that makes text of it.
 *
 * @throws RemedyError (exit 2) `CODE-unreadable`, `CODE-not-text`, `CODE-empty`, `CODE-too-large`
 */
export async function readTextFile(path: string, options: TextFileOptions): Promise<string> {
  const { what, flag, code, most } = options;
  const bytes = await readBytes(path, options).catch((error: unknown) => {
    const next = [`check the path given with ${flag}`];
    throw remedy.usage(`${code}-unreadable`, `cannot read the ${what} ${path}: ${reasonOf(error)}`, next, error);
  });
  if (bytes.length > most) {
    const next = [`give a file of at most ${most / 2 ** 20} MiB`];
    throw remedy.usage(`${code}-too-large`, `the ${what} ${path} is larger than ${most / 2 ** 20} MiB`, next);
  }
  const text = decodedText(bytes, path, options);
  if (text.trim() !== '') return text;
  throw remedy.usage(`${code}-empty`, `the ${what} ${path} is empty`, [`write text into it, or leave ${flag} out`]);
}

/**
 * The text in a file's bytes, without a byte order mark.
 *
 * @throws RemedyError (exit 2) `CODE-not-text` with what it is instead
 */
export function decodedText(
  bytes: Buffer,
  path: string,
  { what, flag, code }: Pick<TextFileOptions, 'what' | 'flag' | 'code'>,
): string {
  const fault = textFault(bytes, path, flag);
  if (fault !== undefined) throw notText(`the ${what} ${path} ${fault.is}`, code, fault.next);
  return new TextDecoder().decode(bytes);
}

export function notText(message: string, code: string, next: readonly string[]): RemedyError {
  return remedy.usage(`${code}-not-text`, message, next);
}

/** At most a byte more than may be. What is no file could be endless, or say nothing for ever. */
async function readBytes(path: string, { most }: TextFileOptions): Promise<Buffer> {
  const seen = await stat(path);
  if (seen.isDirectory()) throw new Error('it is a folder');
  if (!seen.isFile()) throw new Error('it is a pipe, a socket or a device: write the text to a file, and name that');
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(seen.size, most) + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = (await file.read(bytes, length, bytes.length - length, null)).bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** Where the text of a file is to go that is not plain. */
const madeOf = (path: string) =>
  shellWord(`${path.replace(/\.(gz|zst|xz|bz2|lz4|zip|pdf)$/, '').replace(/\.txt$/, '')}.utf8.txt`);

/**
 * Why a file is no plain text, by its first bytes: as what follows its name, and what to do; undefined where it may be one.
 */
export function notPlain(bytes: Buffer, path: string, flag: string): TextFault | undefined {
  const file = shellWord(path);
  const through = (command: string) => [`${command} > ${madeOf(path)}`, `then: ${flag} ${madeOf(path)}`];
  const first = bytes.toString('hex', 0, 16);
  const [, name, unpack] = KINDS.find(([kind]) => kind.test(first)) ?? [];
  if (name !== undefined) {
    return { is: `is ${name}, and not text`, next: unpack ? through(unpack(file)) : [`name a text with ${flag}`] };
  }
  const wide = wideForm(bytes.subarray(0, LOOK_BYTES));
  if (wide !== undefined) {
    return {
      is: `is ${wide} without a byte order mark, and not UTF-8`,
      next: through(`iconv -f ${wide} -t UTF-8 ${file}`),
    };
  }
  const zero = bytes.indexOf(0);
  return zero < 0 ? undefined : { is: `is binary: byte ${zero + 1} is 0x00`, next: [`name a text with ${flag}`] };
}

interface TextFault {
  readonly is: string;
  readonly next: readonly string[];
}

/** Why bytes are no text in UTF-8; undefined where they are. */
export function textFault(bytes: Buffer, path: string, flag: string): TextFault | undefined {
  const fault = notPlain(bytes, path, flag);
  if (fault !== undefined || isUtf8(bytes)) return fault;
  const at = firstBroken(bytes);
  const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
  const seen = `0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`;
  return {
    is: `is not UTF-8: byte ${at + 1}, in line ${line}, is ${seen}`,
    next: [
      `if it is Latin-1 or Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 ${shellWord(path)} > ${madeOf(path)}`,
      `then: ${flag} ${madeOf(path)}`,
    ],
  };
}

/** Latin text in UTF-16 has a zero in every second byte. */
function wideForm(bytes: Buffer): 'UTF-16LE' | 'UTF-16BE' | undefined {
  const zeros = [0, 0];
  bytes.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  const most = bytes.length / 2;
  if (bytes.length >= 4 && odd > 0.7 * most && even === 0) return 'UTF-16LE';
  return bytes.length >= 4 && even > 0.7 * most && odd === 0 ? 'UTF-16BE' : undefined;
}

const REPLACEMENT = Buffer.from('\ufffd');

/** Where the first bytes are that are no UTF-8. What stands for them in the decoded text may also be in the file. */
function firstBroken(bytes: Buffer): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let offset = 0;
  let from = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', from)) {
    offset += Buffer.byteLength(text.slice(from, at));
    if (!bytes.subarray(offset, offset + 3).equals(REPLACEMENT)) return offset;
    offset += 3;
    from = at + 1;
  }
  return bytes.length;
}
