import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { LABEL } from './cache.ts';
import { cloneDocker } from './disk.ts';
import type { LabDocker } from './docker.ts';

/** What systemd and Docker in a container need; not --privileged, so that the machine's devices stay out of reach. */
const CAPABILITIES = [
  ...['SYS_ADMIN', 'NET_ADMIN', 'NET_RAW', 'SYS_PTRACE', 'SYS_CHROOT', 'MKNOD', 'SETFCAP', 'AUDIT_WRITE', 'SYSLOG'],
  // In a process namespace of its own this only ends process 1, and tells a reboot from a power-off.
  ...['SYS_NICE', 'SYS_BOOT'],
];

/** How the kernel ends process 1 of a process namespace: SIGHUP for a reboot, SIGINT for a power-off. */
const REBOOTED = 128 + 1;

const STOP_SECONDS = 20;
const SSH_DEADLINE_MS = 60_000;

/** What all VMs of one lab share. */
export interface VmHost {
  readonly docker: LabDocker;
  readonly labId: string;
  readonly network: string;
  readonly image: string;
  /** A /var/lib/docker to clone. */
  readonly template: string;
  /** Folder with Docker's command line plugins. */
  readonly plugins: string;
  /** Where the VMs' files go; on the template's file system. */
  readonly folder: string;
}

export interface VmSpec {
  readonly instanceId: string;
  readonly address: string;
  readonly userData: string;
  /** The EC2 key pair's public key, which a cloud hands to cloud-init besides the user-data. */
  readonly publicKey?: string | undefined;
  /** Default: made of the address, as EC2 does. */
  readonly hostname?: string;
  /** Besides those that every VM has, for `docker run`. */
  readonly runArguments?: readonly string[];
  /** The machine turned itself off. */
  readonly onPowerOff: () => void;
}

/** One lab VM: a container that boots with its user-data and answers SSH on port 22 of its address. */
export class Vm {
  readonly address: string;
  readonly #host: VmHost;
  readonly #spec: VmSpec;
  readonly #name: string;
  readonly #folder: string;
  readonly #aliases = new Set<string>();
  /** Docker's, which its control group is named by. */
  #containerId = '';
  /** Whether it should be running. */
  #wanted = true;
  /** Which wait for its end counts: one that was asked for is not a power-off. */
  #watch = 0;

  private constructor(host: VmHost, spec: VmSpec) {
    this.#host = host;
    this.#spec = spec;
    this.address = spec.address;
    this.#name = `${LABEL}-${host.labId}-${spec.instanceId}`;
    this.#folder = join(host.folder, spec.instanceId);
  }

  /** Boots a new VM. Resolves when it is switched on; `sshReady` says when it answers. */
  static async boot(host: VmHost, spec: VmSpec): Promise<Vm> {
    const vm = new Vm(host, spec);
    await Promise.all([vm.#writeSeed(), cloneDocker(host.template, join(vm.#folder, 'docker'))]);
    vm.#containerId = await host.docker.docker(...vm.#runArguments());
    vm.#watchEnd();
    return vm;
  }

  /** Resolves when something listens on port 22. */
  async sshReady(): Promise<void> {
    const deadline = Date.now() + SSH_DEADLINE_MS;
    while (!(await listens(this.address, 22))) {
      if (!this.#wanted) throw new Error(`${this.#name} was turned off before it answered`);
      if (Date.now() > deadline) throw new Error(`no SSH on ${this.address}: ${await this.consoleOutput()}`);
      await sleep(50);
    }
  }

  /** Runs a program as root in the VM, without SSH, and returns what it printed. */
  exec(...command: string[]): Promise<string> {
    return this.#host.docker.docker('exec', this.#name, ...command);
  }

  /** What a serial console would have shown. */
  async consoleOutput(): Promise<string> {
    const { program, base, env } = this.#host.docker.command();
    const result = await execa(program, [...base, 'logs', this.#name], { env, all: true, reject: false });
    return result.all;
  }

  async reboot(): Promise<void> {
    await this.#restart(STOP_SECONDS);
  }

  /** Without a word to what runs in it. */
  async reset(): Promise<void> {
    await this.#restart(0);
  }

  /** CPU time since it was switched on, in seconds, of everything in it; 0 while it is off. */
  async cpuSeconds(): Promise<number> {
    const group = join(LABEL, this.#containerId);
    const v2 = await readFile(join('/sys/fs/cgroup', group, 'cpu.stat'), 'utf8').catch(() => '');
    if (v2 !== '') return Number(/usage_usec (\d+)/.exec(v2)?.[1] ?? 0) / 1e6;
    return Number(await readFile(join('/sys/fs/cgroup/cpuacct', group, 'cpuacct.usage'), 'utf8').catch(() => 0)) / 1e9;
  }

  /**
   * Keeps the disk of a VM that is off: its root as a Docker image, its /var/lib/docker as a folder to clone.
   *
   * @param image name for the Docker image, which gets the lab's label
   */
  async saveDisk(image: string, folder: string): Promise<void> {
    const label = `LABEL ${LABEL}=${this.#host.labId}`;
    await Promise.all([
      this.#host.docker.docker('commit', '--change', label, this.#name, image),
      cloneDocker(join(this.#folder, 'docker'), folder),
    ]);
  }

  async stop(): Promise<void> {
    this.#endExpected();
    await this.#host.docker.docker('stop', '--time', String(STOP_SECONDS), this.#name);
  }

  async start(): Promise<void> {
    await this.#host.docker.docker('start', this.#name);
    await this.#started();
  }

  /** Removes the VM and its disk. */
  async terminate(): Promise<void> {
    this.#endExpected();
    await this.#host.docker.docker('rm', '--force', '--volumes', this.#name);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Makes it answer on another address, too: an Elastic IP. */
  async addAlias(address: string): Promise<void> {
    this.#aliases.add(address);
    await this.exec('ip', 'address', 'replace', `${address}/32`, 'dev', 'eth0');
  }

  async removeAlias(address: string): Promise<void> {
    this.#aliases.delete(address);
    await this.exec('ip', 'address', 'del', `${address}/32`, 'dev', 'eth0');
  }

  async #restart(seconds: number): Promise<void> {
    this.#endExpected();
    await this.#host.docker.docker('restart', '--time', String(seconds), this.#name);
    await this.#started();
  }

  async #started(): Promise<void> {
    this.#wanted = true;
    this.#watchEnd();
    for (const address of this.#aliases) await this.addAlias(address);
  }

  /** From here on its end is what was asked for. */
  #endExpected(): void {
    this.#wanted = false;
    this.#watch += 1;
  }

  /** Waits for the container's end: a reboot from within starts it again, a power-off is told. */
  #watchEnd(): void {
    this.#watch += 1;
    const watch = this.#watch;
    const { program, base, env } = this.#host.docker.command();
    const wait = execa(program, [...base, 'wait', this.#name], { env, reject: false, stdin: 'ignore' });
    wait.then(async ({ stdout, exitCode }) => {
      if (watch !== this.#watch || exitCode !== 0) return;
      // It may be removed while it starts.
      if (Number(stdout) === REBOOTED) return this.start().catch(() => {});
      this.#endExpected();
      this.#spec.onPowerOff();
    });
  }

  async #writeSeed(): Promise<void> {
    const seed = join(this.#folder, 'seed');
    await mkdir(seed, { recursive: true, mode: 0o700 });
    const metaData = {
      'instance-id': this.#spec.instanceId,
      'local-hostname': this.#hostname,
      ...(this.#spec.publicKey ? { 'public-keys': [this.#spec.publicKey] } : {}),
    };
    await writeFile(join(seed, 'meta-data'), JSON.stringify(metaData), { mode: 0o600 });
    await writeFile(join(seed, 'user-data'), this.#spec.userData, { mode: 0o600 });
  }

  get #hostname(): string {
    return this.#spec.hostname ?? `ip-${this.address.replaceAll('.', '-')}`;
  }

  #runArguments(): string[] {
    const { network, image, plugins, labId } = this.#host;
    const unconfined = ['seccomp', 'apparmor', 'systempaths'].map((what) => ['--security-opt', `${what}=unconfined`]);
    const volumes = [
      `${join(this.#folder, 'seed')}:/var/lib/cloud/seed/nocloud:ro`,
      `${join(this.#folder, 'docker')}:/var/lib/docker`,
      `${plugins}:/usr/libexec/docker/cli-plugins:ro`,
    ];
    return [
      // The terminal is the console that systemd and cloud-init write to.
      ['run', '--detach', '--tty', '--name', this.#name, '--label', `${LABEL}=${labId}`, '--hostname', this.#hostname],
      ['--network', network, '--ip', this.address],
      ...unconfined,
      ...CAPABILITIES.map((name) => ['--cap-add', name]),
      ['--tmpfs', '/run', '--tmpfs', '/run/lock'],
      ...volumes.map((volume) => ['--volume', volume]),
      [...(this.#spec.runArguments ?? []), image],
    ].flat();
  }
}

async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 1000 });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
