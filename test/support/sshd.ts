import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostAccess } from '../../src/services/machine/access.ts';
import { formatPublicKey, makeSshKeyPair, parsePublicKey } from '../../src/services/machine/ssh-keys.ts';
import type { KeyPair } from '../../src/services/stack/secrets.ts';
import { freePort } from '../../src/services/targets/local/ports.ts';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));

/** OpenSSH's own server; as root, since it runs commands for the user it is asked for and sudo is not everywhere. */
export const canRunSshd = SSHD !== undefined && process.getuid?.() === 0;

/** A real sshd on a free loopback port, with a host key and one authorized key made by chainctl. */
export class Sshd {
  readonly port: number;
  readonly hostKey: KeyPair;
  readonly userKey: KeyPair;
  /** A folder for whatever a test does "on the machine". */
  readonly folder: string;
  log = '';
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, hostKey: KeyPair, userKey: KeyPair) {
    this.port = port;
    this.folder = folder;
    this.hostKey = hostKey;
    this.userKey = userKey;
  }

  /** @param settings lines of sshd_config that go before the ones here */
  static async prepare(settings = ''): Promise<Sshd> {
    const port = await freePort(new Set());
    const folder = await mkdtemp(join(tmpdir(), 'chainctl-sshd-'));
    const sshd = new Sshd(port, folder, makeSshKeyPair('host'), makeSshKeyPair('operator'));
    await sshd.writeHostKey(sshd.hostKey);
    await writeFile(join(folder, 'authorized_keys'), `${sshd.userKey.publicKey}\n`);
    await writeFile(
      join(folder, 'config'),
      `${settings}
ListenAddress 127.0.0.1
Port ${port}
HostKey ${folder}/host_key
AuthorizedKeysFile ${folder}/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
MaxStartups 100
LogLevel VERBOSE
`,
    );
    return sshd;
  }

  static async start(settings?: string): Promise<Sshd> {
    const sshd = await Sshd.prepare(settings);
    await sshd.start();
    return sshd;
  }

  writeHostKey(key: KeyPair): Promise<void> {
    return writeFile(join(this.folder, 'host_key'), key.privateKey, { mode: 0o600 });
  }

  async start(): Promise<void> {
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const child = spawn(SSHD as string, ['-D', '-e', '-f', join(this.folder, 'config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${this.log}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        this.log += chunk.toString();
        if (this.log.includes('Server listening')) resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child !== undefined && child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    }
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  access(port = this.port): HostAccess {
    const key = parsePublicKey(this.hostKey.publicKey);
    if (key === undefined) throw new Error('the host key cannot be read');
    return {
      address: '127.0.0.1',
      port,
      user: 'root',
      privateKey: this.userKey.privateKey,
      hostKey: formatPublicKey(key),
    };
  }
}

/** A TCP proxy that can cut a connection in the middle, and counts how often the direction turns. */
export class CuttingProxy {
  /** Cuts the next connection once this many bytes have gone to the server. */
  cutAfterBytes = Number.POSITIVE_INFINITY;
  connections = 0;
  /** How often the client had to wait for the server before it went on. */
  turns = 0;
  readonly #server = createServer((client) => this.#carry(client));
  readonly #sockets = new Set<Socket>();
  readonly #upstream: number;

  private constructor(upstream: number) {
    this.#upstream = upstream;
  }

  static async start(upstream: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(upstream);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #carry(client: Socket): void {
    this.connections++;
    const server = createConnection({ port: this.#upstream, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    const limit = this.cutAfterBytes;
    this.cutAfterBytes = Number.POSITIVE_INFINITY;
    let sent = 0;
    let answered = true;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (answered) this.turns++;
      answered = false;
      sent += chunk.length;
      if (sent > limit) client.destroy();
      else server.write(chunk);
    });
    server.on('data', (chunk) => {
      answered = true;
      client.write(chunk);
    });
  }
}
