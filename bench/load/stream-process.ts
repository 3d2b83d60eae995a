import { createServer, type Socket } from 'node:net';
import { steadyNow } from '../../src/services/load/engine/steady-clock.ts';
import { eachRequest, jsonAnswer } from './requests.ts';
import { ending, SCRIPTS, TOKEN, type Write } from './stream-scripts.ts';

// A target that streams, as a process of its own, and knows when it wrote what, by the clock of the machine. Arguments
// after the port:
//   burst <events>              answers of so many events, as fast as they are taken
//   pace <events> <per second>  an event at a time, each stream at a moment of its own
//   script                      the stream that the path begins with, see `stream-scripts.ts`
// Asked over its channel, it tells for each request of the window: [request, read at, count, time of each token ...].

const TRACE = /traceparent: 00-[0-9a-f]{16}(?:[0-9a-f]{16})-0([0-9a-f]{15})-0[01]/i;
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';

const [port, mode, ...numbers] = process.argv.slice(2);
const [events = 0, perSecond = 1] = numbers.map(Number);

interface Told {
  readonly request: number;
  readonly readAt: number;
  readonly tokensAt: number[];
}
let told: Told[] = [];

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

const TOKEN_CHUNK = Buffer.from(chunk(TOKEN));
const END = Buffer.from(chunk(ending(events)) + LAST_CHUNK);
/** Each token a chunk of its own, as servers write them. */
const WHOLE = mode === 'burst' ? Buffer.from(HEAD + chunk(TOKEN).repeat(events) + END.toString()) : Buffer.alloc(0);

interface Paced {
  readonly socket: Socket;
  readonly told: Told;
  left: number;
}

/** Before the first token of a paced stream, milliseconds: the same for all, whoever counts only some of them. */
const FIRST_MS = 40;
/** The streams of each millisecond of a period, and those whose first token is due in it. */
const period = Math.round(1000 / perSecond);
const slots: Paced[][] = Array.from({ length: period }, () => []);
const firsts: Paced[][] = Array.from({ length: FIRST_MS + 1 }, () => []);
let slot = 0;
let next = 0;
const began = steadyNow();
if (mode === 'pace') {
  setInterval(() => {
    for (const now = steadyNow(); began + slot < now; slot++) {
      const streams = slots[slot % period] as Paced[];
      for (let i = streams.length - 1; i >= 0; i--) write(streams, i);
      const begun = firsts[slot % firsts.length] as Paced[];
      for (let i = begun.length - 1; i >= 0; i--) {
        write(begun, i);
        // What follows comes at a moment of its own.
        slots[next++ % period]?.push(begun[i] as Paced);
      }
      begun.length = 0;
    }
  }, 1);
}

function write(streams: Paced[], at: number): void {
  const stream = streams[at] as Paced;
  if (stream.left-- > 0) {
    stream.told.tokensAt.push(steadyNow());
    stream.socket.write(TOKEN_CHUNK);
    return;
  }
  stream.socket.write(END);
  streams[at] = streams.at(-1) as Paced;
  streams.pop();
}

function play(socket: Socket, script: readonly Write[], known: Told): void {
  const from = steadyNow();
  for (const { at, text, isToken } of script) {
    setTimeout(
      () => {
        if (isToken === true) known.tokensAt.push(steadyNow());
        socket.write(chunk(text));
      },
      Math.max(1, from + at - steadyNow()),
    );
  }
  setTimeout(() => socket.write(LAST_CHUNK), Math.max(1, from + (script.at(-1)?.at ?? 0) + 5 - steadyNow()));
}

const server = createServer({ noDelay: true }, (socket) => {
  eachRequest(socket, (bytes, headEnd) => {
    const head = bytes.toString('latin1', 0, headEnd);
    if (head.startsWith('GET')) {
      socket.write(jsonAnswer('{"ok":true,"simulated":true}'));
      return;
    }
    if (mode === 'burst') {
      socket.write(WHOLE);
      return;
    }
    const id = TRACE.exec(head)?.[1];
    // Other generators number nothing.
    const request = id === undefined ? told.length : Number.parseInt(id, 16) - 1;
    const known: Told = { request, readAt: steadyNow(), tokensAt: [] };
    told.push(known);
    socket.write(HEAD);
    if (mode === 'pace') firsts[(slot + FIRST_MS) % firsts.length]?.push({ socket, told: known, left: events });
    else play(socket, SCRIPTS[/^\w+ \/(\w+)/.exec(head)?.[1] ?? ''] ?? [], known);
  });
});
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('message', () => {
  const numbers = told.flatMap(({ request, readAt, tokensAt }) => [request, readAt, tokensAt.length, ...tokensAt]);
  told = [];
  process.send?.(Float64Array.from(numbers));
});
process.on('disconnect', () => process.exit(0));
