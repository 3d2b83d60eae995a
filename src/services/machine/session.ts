import { randomUUID } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Client, ClientCallback, ClientChannel } from 'ssh2';
import { pack } from 'tar-stream';
import { reasonOf } from '../../errors.ts';
import { shellWord } from '../words.ts';
import { formatAccess, type HostAccess } from './access.ts';
import {
  type ChannelError,
  CommandFailed,
  CommandTimedOut,
  ConnectionLost,
  forwardingForbidden,
  needsRoot,
  sessionRefused,
} from './failures.ts';
import { OutputCollector } from './output.ts';

interface ExecOptions {
  /** What the command is, for errors: "building the image". */
  readonly what: string;
  /** 60 by default. */
  readonly timeoutSeconds?: number;
  readonly stdin?: string | Readable;
  /** Each line of either output as it comes, without its end. */
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface PushedFile {
  /** Relative to the folder that is pushed to; a folder ends with a slash. */
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode: number;
}

/** A compressed tar; the same files make the same bytes. */
export function archive(files: readonly PushedFile[]): Readable {
  const tar = pack();
  for (const { path, content, mode } of files) {
    const entry = { name: path, mode, mtime: new Date(0) };
    const sink = path.endsWith('/') ? tar.entry({ ...entry, type: 'directory' }) : tar.entry(entry, content);
    // One whose reader goes away must not be an uncaught error: what has not been packed yet ends with one, too.
    sink.on('error', () => {});
  }
  tar.finalize();
  const compressed = createGzip({ level: 9 });
  pipeline(tar, compressed).catch(() => {});
  return compressed;
}

/** One authenticated connection to a machine. Everything runs as root there, with sudo where the user is another. */
export class HostSession {
  readonly access: HostAccess;
  readonly #client: Client;
  readonly #end: () => void;
  #alive = true;

  /**
   * @param client connected and authenticated
   * @param ended called when the connection is gone
   */
  constructor(client: Client, access: HostAccess, ended: () => void) {
    this.access = access;
    this.#client = client;
    this.#end = () => {
      this.#alive = false;
      ended();
    };
    client.once('close', this.#end).once('end', this.#end);
    // The library only asks the other side to close, and a command would wait for one that does not.
    client.on('error', () => {
      this.#end();
      client.destroy();
    });
  }

  /** False once the connection is gone. */
  get alive(): boolean {
    return this.#alive;
  }

  /**
   * Runs a POSIX shell script. Scripts are seen in the machine's process list: no secrets in them, use stdin.
   *
   * @returns what it wrote to stdout, at most the last 256 KiB
   * @throws CommandFailed for any end but exit code 0, ConnectionLost, CommandTimedOut, or the signal's reason
   */
  async exec(script: string, options: ExecOptions): Promise<string> {
    const { what, signal, timeoutSeconds = 60, stdin = '', onLine } = options;
    const command = `${this.access.user === 'root' ? '' : 'sudo -n '}sh -c ${shellWord(script)}`;
    const channel = await this.#open(what, signal, sessionRefused, (opened) => this.#client.exec(command, opened));
    const output = new OutputCollector(onLine);
    channel.on('data', (chunk: Buffer) => output.write('stdout', chunk));
    channel.stderr.on('data', (chunk: Buffer) => output.write('stderr', chunk));
    const bound = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
    const code = await new Promise<number | null | undefined>((resolve, reject) => {
      const stop = () => {
        reject(signal.aborted ? signal.reason : new CommandTimedOut(`${what} took more than ${timeoutSeconds} s`));
        channel.destroy();
      };
      bound.addEventListener('abort', stop, { once: true });
      // It tells the exit code again, which may have come in one piece with the channel, before anybody could listen.
      channel.once('close', (exit: number | null | undefined) => {
        bound.removeEventListener('abort', stop);
        resolve(exit);
      });
      // A command that ends before it has read everything breaks the pipe; its exit code tells why.
      channel.on('error', () => {});
      if (typeof stdin === 'string') channel.end(stdin);
      else pipeline(stdin, channel.stdin).catch(() => {});
      if (bound.aborted) stop();
    });
    output.end();
    if (code === undefined) throw this.#lost(`during ${what}`);
    // null for a death by signal: reported as a shell would, and never as success.
    if (code !== 0) throw needsRoot(this.access, output.tail) ?? new CommandFailed(what, code ?? 128, output.tail);
    return output.text;
  }

  /** Replaces a folder by exactly these files: unpacked beside it, then renamed, so that it is never half there. */
  async push(folder: string, files: readonly PushedFile[], options: Omit<ExecOptions, 'stdin'>): Promise<void> {
    await this.exec(unpackScript(folder), { ...options, stdin: archive(files) });
  }

  /**
   * A TCP connection made by the machine itself, to what only it can reach.
   *
   * @throws RemedyError `ssh-forwarding` (exit 3) where its sshd forbids that
   */
  forward(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#open(`a connection to ${host}:${port}`, signal, forwardingForbidden, (opened) =>
      this.#client.forwardOut('127.0.0.1', 0, host, port, opened),
    );
  }

  close(): void {
    this.#end();
    this.#client.end();
    // end() is polite; a connection that is dead already would linger until the kernel gives it up.
    setTimeout(() => this.#client.destroy(), 200).unref();
  }

  /** @param refused what an answer that opens no channel means, if it is known */
  async #open(
    what: string,
    signal: AbortSignal,
    refused: typeof sessionRefused,
    begin: (opened: ClientCallback) => void,
  ): Promise<ClientChannel> {
    signal.throwIfAborted();
    if (!this.#alive) throw this.#lost(`before ${what}`);
    let giveUp = () => {};
    try {
      return await new Promise((resolve, reject) => {
        giveUp = () => reject(signal.reason);
        signal.addEventListener('abort', giveUp, { once: true });
        begin((error, channel) => {
          // One that opens when nobody waits for it any more would go on there.
          if (signal.aborted) channel?.destroy();
          else if (error === undefined) resolve(channel);
          else reject(error);
        });
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#alive) throw this.#lost(`before ${what}`);
      throw refused(this.access, error as ChannelError) ?? new Error(`${what}: ${reasonOf(error)}`, { cause: error });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #lost(why: string): ConnectionLost {
    return new ConnectionLost(`the connection to ${formatAccess(this.access)} ended ${why}`);
  }
}

function unpackScript(folder: string): string {
  const slash = folder.lastIndexOf('/');
  const parent = folder.slice(0, slash);
  const drafts = `${parent}/.push-${folder.slice(slash + 1)}-`;
  const fresh = `${drafts}${randomUUID()}`;
  return [
    'set -e',
    'umask 077',
    `mkdir -p ${shellWord(parent)}`,
    // What pushes that were cut off before their trap could run have left.
    `find ${shellWord(parent)} -maxdepth 1 -name '.push-*' -mmin +60 -exec rm -rf {} +`,
    // One that lost its connection may still be at it: without its draft, it does not exchange the folder later on.
    `rm -rf ${shellWord(drafts)}*`,
    `trap ${shellWord(`rm -rf ${shellWord(fresh)}`)} EXIT`,
    `mkdir ${shellWord(fresh)}`,
    `tar -xzf - -C ${shellWord(fresh)} --no-same-owner`,
    `test -d ${shellWord(fresh)}`,
    `rm -rf ${shellWord(folder)}`,
    `mv ${shellWord(fresh)} ${shellWord(folder)}`,
  ].join('\n');
}
