import { describe, expect, test } from 'vitest';
import { ResponseParser } from '../../../src/services/load/engine/http/response-parser.ts';

interface Outcome {
  readonly state: 'done' | 'failed' | 'open';
  readonly body: string;
  readonly used: number;
  readonly parser: ResponseParser;
}

/** Feeds the text in pieces of `size` bytes, as reads of a socket would. */
function take(text: string, size = Number.POSITIVE_INFINITY, ended = false): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  let body = '';
  const parser = new ResponseParser((chunk, from, to) => (body += chunk.toString('latin1', from, to)));
  let used = 0;
  for (let at = 0; at < bytes.length && !parser.done && !parser.failed; at += size) {
    const end = Math.min(bytes.length, at + size);
    // What lies behind the end of a read is what an earlier one left there.
    const buffer = Buffer.concat([bytes.subarray(at, end), Buffer.from('\r\n\r\nstale')]);
    used = at + parser.feed(buffer, 0, end - at);
  }
  if (ended) parser.end();
  return { state: parser.done ? 'done' : parser.failed ? 'failed' : 'open', body, used, parser };
}

const counted = 'HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0A\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n';
const interim = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n${counted}`;
const bare =
  'HTTP/1.1 200 OK\nTRANSFER-ENCODING: Chunked\nContent-type: text/event-stream;charset=utf-8\n\n5\nhello\n0\n\n';
const mixed = 'HTTP/1.1 200 OK\r\nx: y\nCONTENT-LENGTH: 5\n\r\nhello';
const folded = 'HTTP/1.1 200 OK\r\nx: y\r\n\t z\r\ncontent-length:\r\n 5\r\n\r\nhello';
const empty = 'HTTP/1.1 204 No Content\r\n\r\n';

describe.each([
  ['a counted body', counted, 'hello'],
  ['a chunked body with an extension and a trailer', chunked, 'hello0123456789'],
  [
    'sizes with zeros before',
    chunked.replace('0A\r', '00000000000A\r').replace('\n0\r', '\n0000\r'),
    'hello0123456789',
  ],
  ['interim answers before it', interim, 'hello'],
  ['lines that end in a bare LF', bare, 'hello'],
  ['lines that end in either', mixed, 'hello'],
  ['values that go on in the next line', folded, 'hello'],
  ['a length that was sent twice', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nab', 'ab'],
  ['equal lengths as a list', 'HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nab', 'ab'],
  ['no body', empty, ''],
  ['a length of zero', 'HTTP/1.1 500 \r\ncontent-length: 0\r\n\r\n', ''],
])('%s', (_name, text, body) => {
  test.each([1, 2, 3, 7, 16, 1000])('in reads of %i bytes, with the next bytes left alone', (size) => {
    const outcome = take(`${text}HTTP/1.1 200 OK`, size);
    expect(outcome).toMatchObject({ state: 'done', body, used: text.length });
  });

  test('cut anywhere, it is not done and ends as a failure', () => {
    for (let length = 1; length < text.length; length++) {
      const cut = take(text.slice(0, length), 1000);
      expect(cut.state).toBe('open');
      cut.parser.end();
      expect(cut.parser.failed).toBe(true);
    }
  });
});

test('what the head says', () => {
  expect(take(counted).parser.head).toEqual({
    ...{ status: 200, contentLength: 5, chunked: false, keepAlive: true, contentType: 'application/json' },
    ...{ keepAliveMs: undefined, contentEncoding: '', location: undefined },
  });
  const closing =
    'HTTP/1.1 200 OK\r\nconnection: x, Close\r\nkeep-alive: max=3, timeout=5\r\ncontent-length: 0\r\n\r\n';
  expect(take(closing).parser.head).toMatchObject({ keepAlive: false, keepAliveMs: 5000 });
  expect(take('HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n').parser.head).toMatchObject({ keepAlive: false });
  const old = 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n';
  expect(take(old).parser.head).toMatchObject({ keepAlive: true });
  const chunks = 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
  expect(take(chunks).parser.head).toMatchObject({ keepAlive: false, chunked: true });
  const coded = (value: string) =>
    take(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-encoding: ${value}\r\n\r\n`).parser.head?.contentEncoding;
  expect(['GZip', 'identity', ' ', 'gzip, BR'].map(coded)).toEqual(['gzip', '', '', 'gzip, br']);
  expect(take(bare).parser.head).toMatchObject({ contentType: 'text/event-stream' });
});

test('a body without a length lasts until the connection ends', () => {
  const text = 'HTTP/1.1 200 OK\r\n\r\nhello';
  expect(take(text, 3)).toMatchObject({ state: 'open', body: 'hello' });
  expect(take(text, 3, true)).toMatchObject({ state: 'done', body: 'hello' });
});

test('10 MB, without keeping them', () => {
  let length = 0;
  const parser = new ResponseParser((_bytes, from, to) => (length += to - from));
  const head = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n');
  parser.feed(head, 0, head.length);
  const piece = Buffer.alloc(64_000);
  while (!parser.done) parser.feed(piece, 0, piece.length);
  expect(length).toBe(10_000_000);
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH\r\n', 'status line'],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'status line'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'status line'],
  ['HTTP/2 alone', '\0\0\x12\x04\0\0\0\0\0\0\x03', 'HTTP/'],
  ['TLS', '\x15\x03\x01\0\x02\x02\x46', ''],
  ['a bare CR in the head', 'HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n', 'header line'],
  ['a header that is folded before the first', 'HTTP/1.1 200 OK\r\n a: b\r\n\r\n', 'header line'],
  ['a length that is folded', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n 5\r\n\r\n', 'no number'],
  ['a bare CR in a size line', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;\rx\r\nab\r\n', 'chunk size'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\na : b\r\n\r\n', 'header line'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n', 'header line'],
  ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', 'content-length'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\n', 'two different'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n', 'two different'],
  ['length and chunked', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n', 'both'],
  ['an encoding that was not asked for', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n', 'other than'],
  ['a change of protocol', 'HTTP/1.1 101 Switching\r\n\r\n', 'nobody asked'],
  ['interim answers without end', 'HTTP/1.1 100 C\r\n\r\n'.repeat(20), 'without end'],
  ['a head without end', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(4000)}`, 'more than'],
  ['a size that is no number', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', 'chunk size'],
  ['a size beyond all bounds', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffff\r\n', 'chunk size'],
  ['a chunk beyond its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n', 'longer than'],
  ['a size line without end', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;${'x'.repeat(2000)}`, 'line'],
])('%s is refused', (_name, text, problem) => {
  for (const size of [1, 1000, 100_000]) {
    const { state, parser } = take(text, size);
    expect(state).toBe('failed');
    expect(parser.problem).toContain(problem);
  }
});

test('what speaks another protocol is called by its name where that is known', () => {
  const said = (text: string) => take(text).parser.problem;
  expect(said('\0\0\x12\x04\0\0\0\0\0\0\x03')).toContain('HTTP/2 only');
  expect(said('\x15\x03\x01\0\x02\x02\x46')).toContain('https://');
});

test('a head that is the same as the one before is not mistaken when it differs in one byte', () => {
  const cache = { text: '', head: undefined };
  const statuses = ['200', '200', '503', '200'].map((status) => {
    const bytes = Buffer.from(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`);
    const parser = new ResponseParser(() => {}, cache);
    parser.feed(bytes, 0, bytes.length);
    return parser.head?.status;
  });
  expect(statuses).toEqual([200, 200, 503, 200]);
});

test('after a reset it takes another response, and says that nothing of it has come', () => {
  const parser = new ResponseParser(() => {});
  const bytes = Buffer.from(counted);
  for (let i = 0; i < 3; i++) {
    expect(parser.untouched).toBe(true);
    parser.feed(bytes, 0, 4);
    expect(parser.untouched).toBe(false);
    parser.feed(bytes, 4, bytes.length);
    expect(parser.done).toBe(true);
    parser.reset();
  }
});

test('random bytes end in a failure or are waited for, and never throw', () => {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  };
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(round % 2 === 0 ? chunked : interim, 'latin1');
    for (let change = 0; change < 3; change++) bytes[next() % bytes.length] = next() % 256;
    const parser = new ResponseParser(() => {});
    const used = parser.feed(bytes, 0, bytes.length);
    expect(used).toBeLessThanOrEqual(bytes.length);
    parser.end();
    expect(parser.done || parser.failed).toBe(true);
  }
});
