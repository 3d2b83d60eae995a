import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, isAlive, LABEL, startTimeOf, withLock } from './cache.ts';
import { labDocker } from './images.ts';

interface ProcessId {
  readonly pid: number;
  readonly startedAt: string;
}

interface Entry {
  readonly id: string;
  /** The process that runs the lab. */
  readonly owner: ProcessId;
  /** Processes that it started and that would outlive it. */
  readonly children: readonly ProcessId[];
  /** n of 10.87.n.0/23, which is even. */
  readonly subnet: number;
}

/**
 * One running lab among those of this machine. Each has a subnet and a label of its own; they share the Docker daemon,
 * which the last one stops. What a lab left whose process died is removed when the next one starts.
 */
export class Session {
  #entry: Entry;
  #saved: Promise<void> = Promise.resolve();

  private constructor(entry: Entry) {
    this.#entry = entry;
  }

  static async open(): Promise<Session> {
    return withLock('sessions', async () => {
      const others = await reap();
      const taken = new Set([...others.map(({ subnet }) => subnet), ...(await subnetsInUse())]);
      const subnet = Array.from({ length: 125 }, (_, n) => 248 - 2 * n).find((n) => !taken.has(n) && !taken.has(n + 1));
      if (subnet === undefined) throw new Error('every network 10.87.n.0/23 is in use: stop a lab first');
      const owner = { pid: process.pid, startedAt: await startTimeOf(process.pid) };
      const entry = { id: randomBytes(3).toString('hex'), owner, children: [], subnet };
      await save(entry);
      return new Session(entry);
    });
  }

  get id(): string {
    return this.#entry.id;
  }

  /** Where this lab keeps its files. */
  get folder(): string {
    return folderOf(this.id);
  }

  /** The nth address of this lab's network, 1 to 510. */
  address(n: number): string {
    return `10.87.${this.#entry.subnet + (n >> 8)}.${n & 255}`;
  }

  /** This machine's interface to the network. */
  get bridge(): string {
    return `chainlab-${this.#entry.subnet}`;
  }

  /** Makes the network of this lab's VMs: the machine reaches them, they reach nothing else. */
  async createNetwork(): Promise<string> {
    const name = `${LABEL}-${this.id}`;
    await labDocker().docker(
      ...['network', 'create', '--driver', 'bridge', '--internal', '--subnet', `${this.address(0)}/23`],
      ...['--label', `${LABEL}=${this.id}`, '--opt', `com.docker.network.bridge.name=${this.bridge}`, name],
    );
    return name;
  }

  /** Writes down a child process, so that it can be ended if this process dies. */
  async addChild(pid: number): Promise<void> {
    const child = { pid, startedAt: await startTimeOf(pid) };
    this.#entry = { ...this.#entry, children: [...this.#entry.children, child] };
    // One after the other: two writers of one file leave neither's text.
    this.#saved = this.#saved.then(() => save(this.#entry));
    await this.#saved;
  }

  /** Removes everything of this lab; the last one also stops the Docker daemon. */
  async close(): Promise<void> {
    await withLock('sessions', async () => {
      await remove(this.#entry);
      if ((await entries()).length === 0) await labDocker().stop();
    });
  }
}

/** Removes what dead labs left. @returns the labs that are alive */
export async function reap(): Promise<Entry[]> {
  const alive: Entry[] = [];
  for (const entry of await entries()) {
    if (await isAlive(entry.owner.pid, entry.owner.startedAt)) alive.push(entry);
    else await remove(entry);
  }
  return alive;
}

async function remove(entry: Entry): Promise<void> {
  for (const { pid, startedAt } of entry.children) if (await isAlive(pid, startedAt)) process.kill(pid, 'SIGTERM');
  // Of a daemon that died, too, only it can tell: whoever starts it the next time calls removeForgotten.
  if (await labDocker().isRunning()) await removeLabelled(`${LABEL}=${entry.id}`);
  await rm(folderOf(entry.id), { recursive: true, force: true });
}

/**
 * Removes what Docker still has of labs that are not written down anywhere: they ended together with their daemon. Their
 * networks would be in the way of new ones. Call it with the lock `sessions`, while Docker runs.
 */
export async function removeForgotten(): Promise<void> {
  const docker = labDocker();
  const known = new Set((await entries()).map(({ id }) => id));
  const label = `{{index .Config.Labels "${LABEL}"}}`;
  const ofContainers = await docker.docker('ps', '--all', '--format', `{{.Label "${LABEL}"}}`);
  const ofNetworks = await docker.docker('network', 'ls', '--format', `{{.Label "${LABEL}"}}`);
  const images = words(await docker.docker('images', '--quiet', '--filter', `label=${LABEL}`));
  const ofImages = images.length > 0 ? await docker.docker('image', 'inspect', '--format', label, ...images) : '';
  for (const id of new Set(words([ofContainers, ofNetworks, ofImages].join('\n'))))
    if (!known.has(id)) await removeLabelled(`${LABEL}=${id}`);
}

async function removeLabelled(label: string): Promise<void> {
  const docker = labDocker();
  const filter = ['--filter', `label=${label}`];
  const containers = words(await docker.docker('ps', '--all', '--quiet', ...filter));
  if (containers.length > 0) await docker.docker('rm', '--force', '--volumes', ...containers);
  const images = new Set(words(await docker.docker('images', '--quiet', ...filter)));
  if (images.size > 0) await docker.docker('rmi', '--force', ...images);
  const networks = words(await docker.docker('network', 'ls', '--quiet', ...filter));
  if (networks.length > 0) await docker.docker('network', 'rm', ...networks);
}

function sessionsFolder(): string {
  return join(cacheFolder(), 'labs');
}

function folderOf(id: string): string {
  return join(sessionsFolder(), id);
}

async function save(entry: Entry): Promise<void> {
  await mkdir(folderOf(entry.id), { recursive: true, mode: 0o700 });
  await writeFile(join(folderOf(entry.id), 'lab.json'), JSON.stringify(entry));
}

async function entries(): Promise<Entry[]> {
  const ids = await readdir(sessionsFolder()).catch(() => []);
  const texts = await Promise.all(ids.map((id) => readFile(join(folderOf(id), 'lab.json'), 'utf8').catch(() => '')));
  return texts.filter((text) => text !== '').map((text) => JSON.parse(text) as Entry);
}

/**
 * The n of all 10.87.n.0/23 that this machine has a route to. `os.networkInterfaces` leaves out bridges on which nothing
 * runs at the moment.
 */
async function subnetsInUse(): Promise<number[]> {
  const routes = (await readFile('/proc/net/route', 'utf8')).split('\n').map((line) => line.split('\t')[1] ?? '');
  // The kernel writes addresses backwards: 10.87.248.0 is 00F8570A.
  return routes.flatMap((route) => Number.parseInt(/^..(..)570A$/.exec(route)?.[1] ?? '', 16) || []);
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
