import type { Socket } from 'node:net';
import type { GenerousAnswer, GenerousRequest } from '../../../chain/generous.ts';
import { defined } from '../../../defined.ts';
import { Dialer } from '../../../dial/dialer.ts';
import { AnswerBody } from './answer-body.ts';
import { ResponseParser } from './response-parser.ts';

/**
 * One request over a connection of its own, whose answer is read as the generator reads answers: a probe must not refuse
 * a target for what the load would take.
 *
 * @throws Error for what the load would not understand either, or where the connection ends before the answer
 */
export async function readGenerously(request: GenerousRequest): Promise<GenerousAnswer> {
  const { url, proxy, ca, signal } = request;
  const dialer = await Dialer.open(defined({ url: new URL(url), proxy, ca }));
  const socket = await connected(dialer, signal);
  try {
    return await exchanged(socket, request);
  } finally {
    socket.destroy();
  }
}

function connected(dialer: Dialer, signal: AbortSignal): Promise<Socket> {
  return new Promise((done, fail) => {
    const dial = dialer.dial({}, (error, socket) => {
      signal.removeEventListener('abort', give);
      if (socket === undefined) fail(error ?? new Error('no connection'));
      else done(socket);
    });
    const give = () => {
      dial.cancel();
      fail(signal.reason);
    };
    signal.addEventListener('abort', give, { once: true });
  });
}

function exchanged(socket: Socket, { head, body = '', onText, signal }: GenerousRequest): Promise<GenerousAnswer> {
  return new Promise((done, fail) => {
    const text = new AnswerBody((bytes, from, to) => onText(Buffer.from(bytes.subarray(from, to))));
    const parser = new ResponseParser((bytes, from, to) => {
      text.take(bytes, from, to, 0, parser.head?.contentEncoding ?? '');
    });
    const settle = () => {
      const { head: read } = parser;
      if (!parser.done || read === undefined) {
        if (parser.failed) fail(new Error(parser.problem));
        return;
      }
      const { status, location } = read;
      const end = () => (text.problem === '' ? done({ status, location }) : fail(new Error(text.problem)));
      if (text.isCoded) text.end(end);
      else end();
    };
    socket.on('data', (bytes: Buffer) => {
      parser.feed(bytes, 0, bytes.length);
      settle();
    });
    socket.on('error', fail);
    socket.on('end', () => {
      parser.end();
      settle();
    });
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}
