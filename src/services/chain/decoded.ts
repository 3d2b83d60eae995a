import zlib from 'node:zlib';

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

const DECODES: Readonly<Record<string, Decode>> = {
  gzip: zlib.gunzipSync,
  'x-gzip': zlib.gunzipSync,
  // Some servers send the bare stream; one with a head ends its first byte in 8.
  deflate: (bytes, options) =>
    ((bytes[0] ?? 0) & 0x0f) === 8 ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options),
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
};

/**
 * The text of an answer: decoded, and without a byte order mark.
 *
 * @param coding the header `content-encoding`, if there was one
 * @param maxBytes of the decoded text
 * @throws Error when the coding is unknown, the bytes are broken, or there are more of them
 */
export function decodedText(bytes: Buffer, coding: string | undefined, maxBytes: number): string {
  const name = coding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity' || bytes.length === 0) return withoutMark(bytes);
  const decode = DECODES[name];
  if (decode === undefined) throw new Error(`the answer is compressed with "${name}", which was not asked for`);
  return withoutMark(decode(bytes, { maxOutputLength: maxBytes }));
}

function withoutMark(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}
