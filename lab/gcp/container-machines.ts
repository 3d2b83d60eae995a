import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AddressPool } from '../address-pool.ts';
import { LABEL, withLock } from '../cache.ts';
import { imageFrom } from '../images.ts';
import type { Session } from '../session.ts';
import type { VmHost } from '../vm.ts';
import { ContainerMachine } from './container-machine.ts';
import type { Machine, MachineRequest, Machines } from './machines.ts';
import { type MetadataServer, startMetadataServer } from './metadata-server.ts';

/** Numbers of the VMs' addresses in the lab's network: 10.87.n+1.10 to .199. */
const FIRST = 256 + 10;
const LAST = 256 + 199;

const RECIPE = new URL('vm', import.meta.url);

/** A disk that was kept. */
interface Image {
  /** Docker's name for its root. */
  readonly root: string;
  /** Its /var/lib/docker. */
  readonly docker: string;
}

/**
 * Compute Engine's instances as containers that boot like VMs: with the metadata server, Google's guest environment and
 * cloud-init. Whatever public image is asked for, it is Debian 12 with cloud-init and Docker.
 *
 * @throws when port 80 of the lab's gateway is taken
 */
export async function containerMachines(session: Session, host: VmHost): Promise<ContainerMachines> {
  const image = await withLock('images', () => imageFrom(host.docker, 'gce', RECIPE, host.image));
  const metadata = await startMetadataServer(session.address(1));
  const addresses = new AddressPool((n) => session.address(n), FIRST, LAST);
  return new ContainerMachines({ ...host, image }, session.address(1), metadata, addresses);
}

/** What instances of Compute Engine have in common in one lab. */
export class ContainerMachines implements Machines {
  readonly #host: VmHost;
  readonly #gateway: string;
  readonly #metadata: MetadataServer;
  readonly #addresses: AddressPool;
  readonly #machines = new Map<string, ContainerMachine>();
  readonly #images = new Map<string, Image>();
  #made = 0;

  constructor(host: VmHost, gateway: string, metadata: MetadataServer, addresses: AddressPool) {
    this.#host = host;
    this.#gateway = gateway;
    this.#metadata = metadata;
    this.#addresses = addresses;
  }

  async boot(request: MachineRequest): Promise<ContainerMachine> {
    const host = this.#hostWith(request.image);
    const address = this.#addresses.take();
    const { id, name, zone, metadata, maxRunSeconds } = request;
    this.#metadata.set({ id, name, zone, address, attributes: metadata });
    const gone = () => {
      this.#machines.delete(address);
      this.#metadata.delete(address);
      this.#addresses.giveBack(address);
    };
    const runArguments = [
      ...['--env', `LAB_GATEWAY=${this.#gateway}`, '--env', `LAB_INSTANCE=${id}`],
      ...['--add-host', 'metadata.google.internal:169.254.169.254', '--add-host', 'metadata:169.254.169.254'],
    ];
    const userData = metadata['user-data'] ?? '';
    try {
      const spec = { instanceId: id, address, hostname: name, userData, runArguments, maxRunSeconds, onRemoved: gone };
      const machine = await ContainerMachine.boot(host, spec);
      this.#machines.set(address, machine);
      return machine;
    } catch (error) {
      gone();
      throw error;
    }
  }

  /** @throws when no machine has that address */
  get(address: string): ContainerMachine {
    const machine = this.#machines.get(address);
    if (!machine) throw new Error(`no machine at ${address}: there are ${[...this.#machines.keys()].join(', ')}`);
    return machine;
  }

  async makeImage(name: string, { address }: Machine): Promise<void> {
    this.#made += 1;
    const root = `${LABEL}/${this.#host.labId}-image:${this.#made}`;
    const docker = join(this.#host.folder, `image-${this.#made}`);
    await this.get(address).saveDisk(root, docker);
    await this.removeImage(name);
    this.#images.set(name, { root, docker });
  }

  async removeImage(name: string): Promise<void> {
    const image = this.#images.get(name);
    if (!image) return;
    this.#images.delete(name);
    await rm(image.docker, { recursive: true, force: true });
    // Docker keeps it while it has machines made from it; the end of the session removes it by its label.
    await this.#host.docker.docker('rmi', image.root).catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.remove()));
    await Promise.all([...this.#images.keys()].map((name) => this.removeImage(name)));
    await this.#metadata.close();
  }

  #hostWith(name: string | undefined): VmHost {
    if (name === undefined) return this.#host;
    const image = this.#images.get(name);
    if (!image) throw new Error(`no image ${name}: there are ${[...this.#images.keys()].join(', ') || 'none'}`);
    return { ...this.#host, image: image.root, template: image.docker };
  }
}
