import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { AnswerBody } from '../../../src/services/load/engine/http/answer-body.ts';

/** Feeds pieces, each with its place as its time, and collects what comes of them. */
async function take(pieces: readonly Buffer[], coding = '') {
  const texts: { text: string; at: number }[] = [];
  const body = new AnswerBody((bytes, from, to, at) => texts.push({ text: bytes.toString('latin1', from, to), at }));
  for (const [at, piece] of pieces.entries()) body.take(piece, 0, piece.length, at, coding);
  if (body.isCoded) await new Promise<void>((resolve) => body.end(resolve));
  return { texts, whole: texts.map(({ text }) => text).join(''), problem: body.problem };
}

const bytewise = (bytes: Buffer) => [...bytes].map((byte) => Buffer.of(byte));

test.each(['{"a":1}', '\u00efx', '\u00ef\u00bb', ''])(
  'a byte order mark before "%s" is left out, however it is cut',
  async (text) => {
    const plain = Buffer.from(text, 'latin1');
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), plain]);
    expect((await take([marked])).whole).toBe(text);
    expect((await take(bytewise(marked))).whole).toBe(text);
  },
);

test('what only begins like one is kept', async () => {
  const text = '\u00ef\u00bbx\u00ef\u00bb\u00bf';
  expect((await take([Buffer.from(text, 'latin1')])).whole).toBe(text);
  expect((await take(bytewise(Buffer.from(text, 'latin1')))).whole).toBe(text);
});

const text = '{"response":"hello"}\n'.repeat(50);
const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]);

describe.each([
  ['gzip', zlib.gzipSync(marked)],
  ['x-gzip', zlib.gzipSync(marked)],
  ['deflate', zlib.deflateSync(marked)],
  ['deflate', zlib.deflateRawSync(marked)],
  ['br', zlib.brotliCompressSync(marked)],
  ['zstd', zlib.zstdCompressSync(marked)],
])('%s', (coding, bytes) => {
  test('is undone, in one piece and byte by byte, and its mark left out', async () => {
    expect(await take([bytes], coding)).toMatchObject({ whole: text, problem: '' });
    expect(await take(bytewise(bytes), coding)).toMatchObject({ whole: text, problem: '' });
  });

  test('that is cut or broken is told', async () => {
    expect((await take([bytes.subarray(0, -5)], coding)).problem).not.toBe('');
    const broken = Buffer.from(bytes);
    broken.fill(0xff, 4, 20);
    expect((await take([broken], coding)).problem).not.toBe('');
  });
});

test('an unknown coding, and two', async () => {
  expect((await take([Buffer.from('x')], 'snappy')).problem).toContain('"snappy", which was not asked for');
  expect((await take([Buffer.from('x')], 'gzip, br')).problem).toContain('"gzip, br"');
});

test.each([
  ['gzip', zlib.createGzip()],
  ['deflate', zlib.createDeflate()],
  ['br', zlib.createBrotliCompress()],
])('%s: what is flushed has the time of its own read', async (coding, stream) => {
  const pieces: Buffer[] = [];
  for (const word of ['one', 'two', 'three']) {
    stream.write(word);
    const flush = coding === 'br' ? zlib.constants.BROTLI_OPERATION_FLUSH : zlib.constants.Z_SYNC_FLUSH;
    await new Promise<void>((resolve) => stream.flush(flush, resolve));
    const read: Buffer[] = [];
    for (let bytes = stream.read(); bytes !== null; bytes = stream.read()) read.push(bytes);
    pieces.push(Buffer.concat(read));
  }
  const { texts } = await take(pieces, coding);
  expect(texts).toEqual([
    { text: 'one', at: 0 },
    { text: 'two', at: 1 },
    { text: 'three', at: 2 },
  ]);
});
