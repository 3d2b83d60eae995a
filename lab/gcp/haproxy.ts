import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const START_DEADLINE_MS = 20_000;

/** A running haproxy. */
export interface Haproxy {
  readonly pid: number;
  readonly socket: string;
  /** Sends one command of its runtime API. @returns the answer without blank lines around it */
  command(line: string): Promise<string>;
  /** Sends a command that says nothing unless it fails. @throws with what it said */
  tell(line: string): Promise<void>;
  /** Ends it at once, with all its connections. */
  stop(): Promise<void>;
}

/**
 * Starts haproxy. Resolves when it accepts connections.
 *
 * @param before takes over from this one: it ends after it has answered what it was asked, and no connection is refused
 * @throws with what it said when it does not start
 */
export async function startHaproxy(config: string, socket: string, before?: Haproxy): Promise<Haproxy> {
  const logFile = `${socket}.log`;
  const log = openSync(logFile, 'w', 0o600);
  const takeOver = before ? ['-x', before.socket, '-sf', String(before.pid)] : [];
  const child = spawn('haproxy', ['-db', '-f', config, ...takeOver], { stdio: ['ignore', log, log] });
  closeSync(log);
  const exited = once(child, 'exit');
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const haproxy: Haproxy = {
    pid: child.pid as number,
    socket,
    command: (line) => ask(socket, line),
    async tell(line) {
      const said = await ask(socket, line);
      if (said !== '') throw new Error(`haproxy refuses "${line}": ${said}`);
    },
    async stop() {
      if (!ended()) child.kill('SIGTERM');
      await exited;
    },
  };
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await haproxy.command('show version').catch(() => ''))) {
    if (ended() || Date.now() > deadline) {
      await haproxy.stop();
      throw new Error(`haproxy does not start: ${await readFile(logFile, 'utf8')}`);
    }
    await sleep(20);
  }
  return haproxy;
}

async function ask(path: string, line: string): Promise<string> {
  const socket = connect(path);
  socket.end(`${line}\n`);
  return (await text(socket)).trim();
}
