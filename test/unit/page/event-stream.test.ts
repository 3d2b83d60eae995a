import { describe, expect, it } from 'vitest';
import { EventStream } from '../../../templates/page/event-stream.ts';

/** What comes out when the bytes are cut at each of these places. */
function read(bytes: Uint8Array, cuts: readonly number[]): string[] {
  const events = new EventStream();
  const edges = [0, ...cuts, bytes.length];
  return edges.slice(1).flatMap((end, index) => events.push(bytes.subarray(edges[index], end)));
}

describe('a stream of events', () => {
  const text =
    'data: {"text":"Größe 🙂"}\n\n: ping\n\r\ndata:one\r\ndata: two\r\n\r\nid: 7\rdata: three\r\revent: x\ndata\n\ndata: left over';
  const bytes = new TextEncoder().encode(text);
  const expected = ['{"text":"Größe 🙂"}', 'one\ntwo', 'three', ''];

  it('is the same however its bytes are split', () => {
    expect(read(bytes, [])).toEqual(expected);
    for (let cut = 0; cut <= bytes.length; cut++) expect(read(bytes, [cut]), `cut at ${cut}`).toEqual(expected);
    for (let size = 1; size < 9; size++) {
      const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, at) => (at + 1) * size);
      expect(read(bytes, cuts), `pieces of ${size}`).toEqual(expected);
    }
  });

  it('takes a byte order mark for what it is, and other fields for nothing', () => {
    expect(read(new TextEncoder().encode('\ufeffdata: x\n\n'), [1, 2])).toEqual(['x']);
    expect(read(new TextEncoder().encode('database: x\n\nretry: 5\n\ndata : y\n\n'), [])).toEqual([]);
  });

  it('reads a long event that comes in many pieces, and none that is too long', () => {
    const events = new EventStream();
    const piece = new TextEncoder().encode('x'.repeat(1000));
    events.push(new TextEncoder().encode('data: '));
    for (let at = 0; at < 1000; at++) expect(events.push(piece)).toEqual([]);
    expect(events.push(new TextEncoder().encode('\n\n'))[0]).toHaveLength(1_000_000);
    expect(() => {
      for (let at = 0; at < 2200; at++) events.push(piece);
    }).toThrow('longer than 2 MiB');
  });
});
