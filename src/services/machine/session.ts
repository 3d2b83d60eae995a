import { randomUUID } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Client, ClientChannel } from 'ssh2';
import { pack } from 'tar-stream';
import { reasonOf } from '../../errors.ts';
import { formatAccess, type HostAccess } from './access.ts';
import { CommandFailed, CommandTimedOut, ConnectionLost, needsRoot } from './failures.ts';
import { OutputCollector } from './output.ts';
import { quote } from './shell.ts';

interface ExecOptions {
  /** What the command is, for errors: "building the image". */
  readonly what: string;
  readonly timeoutSeconds: number;
  readonly stdin?: string | Readable;
  /** Each line of either output as it comes, without its end. */
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A file of a push. */
export interface PushedFile {
  /** Relative to the folder that is pushed to. */
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode: number;
}

/** One authenticated connection to a machine. Everything runs as root there, with sudo where the user is another. */
export interface HostSession {
  readonly access: HostAccess;
  /** False once the connection is gone. */
  readonly alive: boolean;
  /**
   * Runs a POSIX shell script. Scripts are seen in the machine's process list: no secrets in them, use stdin.
   *
   * @returns what it wrote to stdout, at most the last 256 KiB
   * @throws CommandFailed for any end but exit code 0, ConnectionLost, CommandTimedOut, or the signal's reason
   */
  exec(script: string, options: ExecOptions): Promise<string>;
  /** Replaces a folder by exactly these files: unpacked beside it, then renamed, so that it is never half there. */
  push(folder: string, files: readonly PushedFile[], options: Omit<ExecOptions, 'stdin'>): Promise<void>;
  /** A TCP connection made by the machine itself, to what only it can reach. */
  forward(host: string, port: number): Promise<Duplex>;
  close(): void;
}

/** @param client connected and authenticated */
export function hostSession(client: Client, access: HostAccess): HostSession {
  let alive = true;
  /** What waits for the other side to open a channel: ssh2 does not call back when the connection ends meanwhile. */
  const opening = new Set<() => void>();
  const end = () => {
    alive = false;
    for (const giveUp of opening) giveUp();
  };
  client.once('close', end).once('end', end).on('error', end);
  const lost = (why: string) => new ConnectionLost(`the connection to ${formatAccess(access)} ended ${why}`);

  async function open(
    what: string,
    begin: (opened: (error: Error | undefined, channel: ClientChannel) => void) => void,
  ): Promise<ClientChannel> {
    if (!alive) throw lost(`before ${what}`);
    let giveUp = () => {};
    try {
      return await new Promise<ClientChannel>((resolve, reject) => {
        giveUp = () => reject(lost(`before ${what}`));
        opening.add(giveUp);
        begin((error, channel) => {
          if (error === undefined) return resolve(channel);
          reject(alive ? new Error(`${what}: ${reasonOf(error)}`, { cause: error }) : lost(`before ${what}`));
        });
      });
    } finally {
      opening.delete(giveUp);
    }
  }

  async function exec(script: string, options: ExecOptions): Promise<string> {
    const { what, signal, timeoutSeconds, onLine } = options;
    signal.throwIfAborted();
    const command = `${access.user === 'root' ? '' : 'sudo -n '}sh -c ${quote(script)}`;
    const channel = await open(what, (opened) => client.exec(command, opened));
    const output = new OutputCollector(onLine);
    channel.on('data', (chunk: Buffer) => output.stdout(chunk));
    channel.stderr.on('data', (chunk: Buffer) => output.stderr(chunk));
    const code = await new Promise<number | undefined>((resolve, reject) => {
      const stop = (error: unknown) => {
        reject(error);
        channel.destroy();
      };
      const onAbort = () => stop(signal.reason);
      const timer = setTimeout(
        () => stop(new CommandTimedOut(`${what} took more than ${timeoutSeconds} s`)),
        timeoutSeconds * 1000,
      );
      signal.addEventListener('abort', onAbort, { once: true });
      // It tells the exit code again, which may have come in one piece with the channel, before anybody could listen.
      channel.once('close', (exit: number | null | undefined) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        // null for a death by signal: reported as a shell would, and never as success.
        resolve(exit === null ? 128 : exit);
      });
      // A command that ends before it has read everything breaks the pipe; its exit code tells why.
      channel.on('error', () => {});
      feed(channel, options.stdin);
    });
    output.end();
    if (code === undefined) throw lost(`during ${what}`);
    if (code !== 0) throw needsRoot(access, output.tail) ?? new CommandFailed(what, code, output.tail);
    return output.text;
  }

  return {
    access,
    get alive() {
      return alive;
    },
    exec,
    async push(folder, files, options) {
      const archive = pack();
      for (const { path, content, mode } of files) archive.entry({ name: path, mode }, content);
      archive.finalize();
      const compressed = createGzip();
      const piped = pipeline(archive, compressed);
      piped.catch(() => {});
      await exec(unpackScript(folder), { ...options, stdin: compressed });
    },
    forward(host, port) {
      return open(`a connection to ${host}:${port}`, (opened) => client.forwardOut('127.0.0.1', 0, host, port, opened));
    },
    close() {
      alive = false;
      client.end();
      // end() is polite; a connection that is dead already would linger until the kernel gives it up.
      setTimeout(() => client.destroy(), 200).unref();
    },
  };
}

function feed(channel: ClientChannel, stdin: string | Readable | undefined): void {
  if (stdin === undefined || typeof stdin === 'string') {
    channel.end(stdin ?? '');
    return;
  }
  pipeline(stdin, channel.stdin).catch(() => {});
}

function unpackScript(folder: string): string {
  const slash = folder.lastIndexOf('/');
  const parent = folder.slice(0, slash);
  const drafts = `${parent}/.push-${folder.slice(slash + 1)}-`;
  const fresh = `${drafts}${randomUUID()}`;
  return [
    'set -e',
    'umask 077',
    `mkdir -p ${quote(parent)}`,
    // What pushes that were cut off before their trap could run have left.
    `find ${quote(parent)} -maxdepth 1 -name '.push-*' -mmin +60 -exec rm -rf {} +`,
    // One that lost its connection may still be at it: without its draft, it does not exchange the folder later on.
    `rm -rf ${quote(drafts)}*`,
    `trap ${quote(`rm -rf ${quote(fresh)}`)} EXIT`,
    `mkdir ${quote(fresh)}`,
    `tar -xzf - -C ${quote(fresh)} --no-same-owner`,
    `test -d ${quote(fresh)}`,
    `rm -rf ${quote(folder)}`,
    `mv ${quote(fresh)} ${quote(folder)}`,
  ].join('\n');
}
