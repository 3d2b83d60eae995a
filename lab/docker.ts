import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL } from './cache.ts';
import { run } from './shell.ts';

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;

/**
 * A Docker daemon of the lab's own: its own socket, data and processes. It makes no bridge, no firewall rule and leaves
 * the machine's settings for forwarding alone, so that a Docker that is already here is not touched.
 */
export class LabDocker {
  readonly #folder: string;
  readonly #data: string;

  /**
   * @param folder socket, process id and log; must be short, as a socket's path has at most 107 bytes
   * @param data images and containers
   */
  constructor(folder: string, data: string) {
    this.#folder = folder;
    this.#data = data;
  }

  get #socket(): string {
    return join(this.#folder, 'docker.sock');
  }

  /** Starts the daemon unless it runs. It outlives this process until `stop`. */
  async start(): Promise<void> {
    if (await this.#answers()) return;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    await this.stop();
    const log = openSync(join(this.#folder, 'dockerd.log'), 'w', 0o600);
    const child = spawn('dockerd', this.#arguments(), { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    const failure = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`dockerd ended with ${code}`)));
    });
    failure.catch(() => {});
    child.unref();
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await this.#answers())) {
      if (Date.now() > deadline) throw new Error(`dockerd does not answer; see ${this.#folder}/dockerd.log`);
      await Promise.race([sleep(100), failure]);
    }
    child.removeAllListeners();
  }

  /** Stops the daemon by its process id, and waits until it is gone. */
  async stop(): Promise<void> {
    const pid = await this.#pid();
    if (pid === undefined) return;
    process.kill(pid, 'SIGTERM');
    const deadline = Date.now() + STOP_DEADLINE_MS;
    while ((await this.#pid()) !== undefined) {
      if (Date.now() > deadline) throw new Error(`dockerd (${pid}) does not end`);
      await sleep(50);
    }
    await rm(join(this.#folder, 'exec'), { recursive: true, force: true });
    await removeControlGroups();
  }

  async isRunning(): Promise<boolean> {
    return (await this.#pid()) !== undefined;
  }

  /** Runs one `docker` command against this daemon and returns what it printed. */
  docker(...args: string[]): Promise<string> {
    const { program, base, env } = this.command();
    return run(program, [...base, ...args], { env });
  }

  /** How to call `docker` for this daemon, for those who need the process itself. */
  command(): { program: string; base: string[]; env: Record<string, string> } {
    // The old builder needs no plugin, and a configuration of its own keeps the user's credentials out of it.
    const env = { DOCKER_BUILDKIT: '0', DOCKER_CONFIG: join(this.#folder, 'config') };
    return { program: 'docker', base: ['-H', `unix://${this.#socket}`], env };
  }

  #arguments(): string[] {
    return [
      ['--host', `unix://${this.#socket}`],
      ['--data-root', this.#data],
      ['--exec-root', join(this.#folder, 'exec')],
      ['--pidfile', join(this.#folder, 'docker.pid')],
      ['--containerd-namespace', LABEL],
      ['--containerd-plugins-namespace', `${LABEL}-plugins`],
      ['--cgroup-parent', LABEL],
      ['--storage-driver', 'overlay2'],
      ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
    ].flat();
  }

  async #answers(): Promise<boolean> {
    if (!existsSync(this.#socket)) return false;
    return this.docker('version', '--format', '{{.Server.Version}}').then(
      () => true,
      () => false,
    );
  }

  /** The daemon's process id, if what runs under that number is this daemon. */
  async #pid(): Promise<number | undefined> {
    const pid = Number(await readFile(join(this.#folder, 'docker.pid'), 'utf8').catch(() => ''));
    if (!pid) return undefined;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.includes(this.#socket) ? pid : undefined;
  }
}

/** The groups that containers lived in: the daemon leaves the parent that it was told to use. */
async function removeControlGroups(): Promise<void> {
  const root = '/sys/fs/cgroup';
  const hierarchies = ['.', ...(await readdir(root).catch(() => []))];
  // A directory in use cannot be removed, and stays.
  for (const name of hierarchies) await rmdir(join(root, name, LABEL)).catch(() => {});
}
