import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { eachRequest, jsonAnswer } from './requests.ts';

// A target that costs little, as a process of its own, so that what is measured is the generator. It answers every
// request with the same few bytes; how late is for the arguments after the port to say.
//   instant            at once
//   delay <ms>         after that time
//   stall <ms> <every> at once, but for a stop of <ms> in every <every> ms, after which all that waited is answered

const [port, mode, first, second] = process.argv.slice(2);
const delayMs = Number(first);
const everyMs = Number(second);
const ANSWER = jsonAnswer('{"host":"target"}');
const began = performance.now();

interface Waiting {
  readonly due: number;
  answer(): void;
}

/** One timer for all: they are due in the order in which they came. */
const waiting: Waiting[] = [];
let head = 0;
function release(): void {
  const now = performance.now();
  while (head < waiting.length && (waiting[head] as Waiting).due <= now) (waiting[head++] as Waiting).answer();
  if (head > 10_000) {
    waiting.splice(0, head);
    head = 0;
  }
}
if (mode !== 'instant') setInterval(release, 1);

function dueAt(now: number): number {
  if (mode === 'delay') return now + delayMs;
  // The first stop comes after one whole period.
  const inPeriod = (now - began) % everyMs;
  const stopped = now - began > everyMs && inPeriod < delayMs;
  return stopped ? now + delayMs - inPeriod : now;
}

const onSocket = (socket: Socket) => {
  eachRequest(socket, () => {
    const now = performance.now();
    const due = mode === 'instant' ? now : dueAt(now);
    if (due <= now) socket.write(ANSWER, 'latin1');
    else waiting.push({ due, answer: () => socket.write(ANSWER, 'latin1') });
  });
};
// Key and certificate, where it shall speak TLS.
const { TARGET_TLS: tls } = process.env;
const server =
  tls === undefined
    ? createServer({ noDelay: true }, onSocket)
    : createTlsServer({ noDelay: true, ...JSON.parse(tls) }, onSocket);
// The port is shared: one process has not the descriptors for every connection.
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096, reusePort: true }, () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('disconnect', () => process.exit(0));
