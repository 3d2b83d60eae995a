/** What files begin with that are no plain text, and what turns them into it. */
const SIGNATURES: readonly { readonly bytes: string; readonly is: string; readonly next?: string }[] = [
  { bytes: '1f8b', is: 'compressed with gzip', next: 'gunzip -k FILE' },
  { bytes: '28b52ffd', is: 'compressed with zstd', next: 'zstd -dk FILE' },
  { bytes: 'fd377a585a00', is: 'compressed with xz', next: 'unxz -k FILE' },
  { bytes: '425a68', is: 'compressed with bzip2', next: 'bunzip2 -k FILE' },
  { bytes: '504b0304', is: 'a zip archive', next: 'unzip FILE' },
  { bytes: '50415231', is: 'Parquet', next: "duckdb -c \"copy 'FILE' to 'data.jsonl' (format json)\"" },
  { bytes: 'fffe', is: 'UTF-16', next: 'iconv -f UTF-16 -t UTF-8 FILE > text' },
  { bytes: 'feff', is: 'UTF-16', next: 'iconv -f UTF-16 -t UTF-8 FILE > text' },
  { bytes: '25504446', is: 'a PDF document', next: 'pdftotext FILE text' },
  { bytes: '89504e47', is: 'a picture' },
  { bytes: 'ffd8ff', is: 'a picture' },
  { bytes: '7f454c46', is: 'a program' },
];

/** What a file is that is not plain text. */
export interface NotText {
  readonly is: string;
  /** A command that makes text of it, with FILE in the place of its name. */
  readonly next?: string;
}

/** How much of a file {@link notText} has to see. */
export const SEEN_BYTES = 4096;

export const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;

/**
 * What a file is, by its first bytes, where it is not text in UTF-8.
 *
 * @param head its first {@link SEEN_BYTES}, or all of it
 */
export function notText(head: Buffer): NotText | undefined {
  const begins = head.toString('hex', 0, 8);
  const known = SIGNATURES.find(({ bytes }) => begins.startsWith(bytes));
  if (known !== undefined) return known;
  if (!head.includes(0)) return undefined;
  const zeros = (from: number) => {
    let count = 0;
    for (let at = from; at < head.length; at += 2) if (head[at] === 0) count++;
    return count;
  };
  // Every second byte of letters in UTF-16 is 0.
  const half = head.length / 2;
  for (const [from, name] of [
    [0, 'UTF-16BE'],
    [1, 'UTF-16LE'],
  ] as const) {
    if (zeros(from) > 0.8 * half && zeros(1 - from) < 0.2 * half) {
      return { is: 'UTF-16 without its mark', next: `iconv -f ${name} -t UTF-8 FILE > text` };
    }
  }
  return { is: 'binary' };
}
