import { EventEmitter } from 'node:events';
import type { OnReadOpts, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { Exchange } from '../../../src/services/load/engine/exchange.ts';
import { RawConnection, type RawOwner } from '../../../src/services/load/engine/http/raw-connection.ts';
import { ReadClock } from '../../../src/services/load/engine/read-clock.ts';

const ANSWER = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

/** A socket whose writes are under way until the test says that they are taken. */
class HeldSocket extends EventEmitter {
  writableLength = 0;
  readonly errored = null;

  constructor(isTls: boolean) {
    super();
    if (isTls) Object.assign(this, { encrypted: true });
  }

  write(bytes: Buffer): void {
    this.writableLength += bytes.length;
  }

  destroy(): void {}
}

/** Whether another request may follow one of so many bytes whose answer came while it was still being written. */
function isReusableAfter(bytes: number, { isTls }: { readonly isTls: boolean }): boolean {
  const socket = new HeldSocket(isTls);
  const ends: boolean[] = [];
  let connected: () => void = () => {};
  let read: OnReadOpts | undefined;
  const owner: RawOwner = {
    heads: { text: '', head: undefined },
    idleMs: 4000,
    clock: new ReadClock(),
    connected: () => {},
    ended: (_connection, _exchange, _end, reusable) => void ends.push(reusable),
    lost: () => {},
    idleEnded: () => {},
  };
  const make: ConstructorParameters<typeof RawConnection>[0] = (onread, done) => {
    read = onread;
    connected = () => done(undefined, socket as unknown as Socket);
    return { cancel: () => {} };
  };
  const connection = new RawConnection(make, owner);
  connected();
  const exchange = new Exchange({ index: 0, intendedMs: 0, latenessMs: 0 }, 0, undefined);
  connection.send(exchange, { request: () => Buffer.alloc(bytes), keep: () => {} });
  const buffer = read?.buffer as Buffer;
  ANSWER.copy(buffer);
  read?.callback(ANSWER.length, buffer);
  expect(ends).toHaveLength(1);
  return ends[0] as boolean;
}

it('keeps a TLS connection whose answer is here before the word that the request was taken', () => {
  expect(isReusableAfter(500, { isTls: true })).toBe(true);
  expect(isReusableAfter(16 * 1024, { isTls: true })).toBe(true);
});

it('gives a connection up of which the server did not wait for the whole request', () => {
  expect(isReusableAfter(500, { isTls: false })).toBe(false);
  expect(isReusableAfter(1 << 20, { isTls: true })).toBe(false);
});
