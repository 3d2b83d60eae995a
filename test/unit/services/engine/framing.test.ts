import { describe, expect, test } from 'vitest';
import {
  EventStream,
  type Framing,
  JsonLines,
  type TakeMessage,
} from '../../../../templates/services/common/engine/framing.ts';

type Make = (take: TakeMessage) => Framing;
const lines: Make = (take) => new JsonLines(take);
const events: Make = (take) => new EventStream(take);

/** What comes out when the bytes come in these parts. */
function read(make: Make, parts: readonly Uint8Array[]): string[] {
  const messages: string[] = [];
  const framing = make((text, isError) => messages.push(isError ? `error: ${text}` : text));
  for (const part of parts) framing.push(Buffer.from(part));
  framing.end();
  return messages;
}

const cases: [string, Make, string, string[]][] = [
  ['lines', lines, '{"a":"é"}\n{"b":"😀"}\n', ['{"a":"é"}', '{"b":"😀"}']],
  [
    'lines with CRLF and empty ones',
    lines,
    '\r\n{"a":1}\r\n\n \n{"b":2}',
    ['{"a":1}\r', '{"b":2}'].map((s) => s.trim()),
  ],
  ['events', events, 'data: {"a":"é"}\n\ndata:{"b":"😀"}\n\n', ['{"a":"é"}', '{"b":"😀"}']],
  ['events with CRLF', events, 'data: 1\r\n\r\ndata: 2\r\n\r\n', ['1', '2']],
  ['events with CR alone', events, 'data: 1\r\rdata: 2\r\r', ['1', '2']],
  ['comments and other fields', events, ': ping\n\nid: 7\nretry: 5\ndata: 1\n: more\n\n: ping\n\n', ['1']],
  ['several data lines', events, 'data: {"a":\ndata: 1}\n\n', ['{"a":\n1}']],
  ['a byte order mark', events, '\ufeffdata: 1\n\n', ['1']],
  ['no end of the last event', events, 'data: 1\n\ndata: [DONE]', ['1', '[DONE]']],
  ['errors by their event', events, 'event: error\ndata: 1\n\ndata: 2\n\n', ['error: 1', '2']],
  ['errors by their field', events, 'error: {"code":500}\n\n', ['error: {"code":500}']],
  ['empty data', events, 'data:\n\ndata: \n\n', []],
];

describe('messages are the same wherever a stream is cut', () => {
  test.each(cases)('%s', (_name, make, text, expected) => {
    const bytes = Buffer.from(text);
    expect(read(make, [bytes])).toEqual(expected);
    expect(
      read(
        make,
        [...bytes].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(expected);
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const parts = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        expect(read(make, parts)).toEqual(expected);
      }
    }
  });
});

describe('an event may have 1 MiB', () => {
  const MIB = 1 << 20;
  const cutBy = (bytes: Buffer, size: number) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));

  test.each([
    ['line', lines, '', '\n'],
    ['event', events, 'data: ', '\n\n'],
  ])('a %s of that size is taken in whatever parts it comes, one byte more is not', (_name, make, before, after) => {
    const most = Buffer.from(`${before}${'x'.repeat(MIB - before.length)}${after}`);
    const over = Buffer.from(`${before}${'x'.repeat(MIB - before.length + 1)}${after}`);
    for (const size of [1000, 65_536, most.length]) {
      expect(read(make, cutBy(most, size))).toHaveLength(1);
      expect(() => read(make, cutBy(over, size))).toThrow('sent an event of more than 1 MiB');
    }
  });

  test('what never ends is refused at that size, not kept', () => {
    const framing = events(() => {});
    const part = Buffer.alloc(65_536, 'x');
    for (let i = 0; i < 16; i++) framing.push(part);
    expect(() => framing.push(part)).toThrow('1 MiB');
  });

  test('many data lines of one event count together', () => {
    const line = `data: ${'x'.repeat(100_000)}\n`;
    expect(() => read(events, [Buffer.from(line.repeat(12))])).toThrow('1 MiB');
  });

  test('a large event that comes byte by byte costs a time that grows with its size, not with the square', () => {
    const bytes = Buffer.from(`data: ${'x'.repeat(300_000)}\n\n`);
    expect(
      read(
        events,
        [...bytes].map((byte) => Uint8Array.of(byte)),
      ),
    ).toHaveLength(1);
  });
});
