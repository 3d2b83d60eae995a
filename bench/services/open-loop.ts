import { connect, type Socket } from 'node:net';
import { PROMPT } from './programs.ts';

/** One request that has been answered. Times in milliseconds of `performance.now()`. */
export interface Answer {
  readonly intendedAt: number;
  readonly endedAt: number;
  /** 0 where the connection broke. */
  readonly status: number;
}

export interface OpenLoopOptions {
  readonly port: number;
  readonly path: string;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** How long to wait for what is still in flight at the end, in seconds. */
  readonly drainSeconds: number;
}

/**
 * Sends at fixed times, whatever comes back: request i at `t0 + i / rate`, over as many kept connections as that takes.
 * Raw sockets and the least of HTTP, because it shares two cores with what it measures; answers need a content-length.
 */
export async function openLoop(options: OpenLoopOptions): Promise<{ startedAt: number; answers: Answer[] }> {
  const { port, path, rate, seconds, drainSeconds } = options;
  const body = JSON.stringify({ prompt: PROMPT });
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const answers: Answer[] = [];
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const total = Math.round(rate * seconds);
  const startedAt = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const finished = () => {
      if (answers.length === total) resolve();
    };
    const send = (intendedAt: number) => {
      const connection = idle.pop() ?? new Connection(port, all);
      connection.send(request, (status) => {
        answers.push({ intendedAt, endedAt: performance.now(), status });
        if (status > 0) idle.push(connection);
        finished();
      });
    };
    const tick = () => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate) + 1);
      for (; sent < due; sent++) send(startedAt + (sent * 1000) / rate);
      if (sent < total) setTimeout(tick, 1);
      else setTimeout(resolve, drainSeconds * 1000);
    };
    tick();
  });
  for (const connection of all) connection.close();
  return { startedAt, answers };
}

/** One connection with at most one request on it. */
class Connection {
  readonly #socket: Socket;
  readonly #all: Set<Connection>;
  #head = '';
  #bodyLeft = -1;
  #status = 0;
  #onAnswer: ((status: number) => void) | undefined;

  constructor(port: number, all: Set<Connection>) {
    this.#all = all;
    all.add(this);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      all.delete(this);
      this.#answer(0);
    });
  }

  send(request: Buffer, onAnswer: (status: number) => void): void {
    this.#onAnswer = onAnswer;
    if (this.#socket.destroyed) this.#answer(0);
    else this.#socket.write(request);
  }

  close(): void {
    this.#onAnswer = undefined;
    this.#socket.destroy();
    this.#all.delete(this);
  }

  #onData(chunk: Buffer): void {
    if (this.#bodyLeft < 0) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#status = Number(this.#head.slice(9, 12));
      const [, length] = /\r\ncontent-length: (\d+)/i.exec(this.#head) ?? [];
      this.#bodyLeft = Number(length) - (this.#head.length - end - 4);
      this.#head = '';
    } else {
      this.#bodyLeft -= chunk.length;
    }
    if (this.#bodyLeft > 0) return;
    this.#bodyLeft = -1;
    this.#answer(this.#status);
  }

  #answer(status: number): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(status);
  }
}
