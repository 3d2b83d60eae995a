import { withLock } from './cache.ts';
import { dockerTemplate, labDocker, vmImage } from './images.ts';
import { dockerPlugins } from './packages.ts';
import { removeForgotten, type Session } from './session.ts';
import { ensureVmTools } from './support.ts';
import { Vm, type VmHost, type VmSpec } from './vm.ts';

/** Addresses .10 to .127 are EC2's VMs', those above Elastic IPs; .1 is the machine itself. From 256 on: GCP. */
const FIRST_VM = 10;
const FIRST_ELASTIC = 128;
const LAST = 250;

/** Builds what is missing (first time: about a minute), and starts the Docker daemon. */
export async function prepareVmHost(session: Session): Promise<VmHost> {
  await withLock('tools', ensureVmTools);
  const docker = labDocker();
  await withLock('sessions', async () => {
    await docker.start();
    await removeForgotten();
  });
  const [image, template, plugins] = await withLock('images', () =>
    Promise.all([vmImage(docker), dockerTemplate(), dockerPlugins()]),
  );
  const network = await session.createNetwork();
  return { docker, labId: session.id, network, image, template, plugins, folder: session.folder };
}

/** The VMs of one lab, by the id of the instance that each one plays. */
export class Vms {
  readonly #host: VmHost | undefined;
  readonly #session: Session;
  readonly #vms = new Map<string, Vm>();
  #nextVm = FIRST_VM;
  #nextElastic = FIRST_ELASTIC;

  /** @param host nothing for a lab whose instances exist in the API only */
  constructor(session: Session, host: VmHost | undefined) {
    this.#session = session;
    this.#host = host;
  }

  /** An address for a new VM. Of a lab without VMs, one on loopback where nothing answers. */
  newAddress(): string {
    return this.#address(this.#nextVm++, FIRST_ELASTIC);
  }

  /** An address for an Elastic IP. */
  newElasticAddress(): string {
    return this.#address(this.#nextElastic++, LAST);
  }

  async boot(spec: VmSpec): Promise<void> {
    if (!this.#host) return;
    this.#vms.set(spec.instanceId, await Vm.boot(this.#host, spec));
  }

  /** @throws when there is no VM for that instance */
  get(instanceId: string): Vm {
    const vm = this.#vms.get(instanceId);
    if (!vm) throw new Error(`no VM for ${instanceId}: it has ${[...this.#vms.keys()].join(', ') || 'none'}`);
    return vm;
  }

  /** The only one that there is. @throws when there are none or several */
  only(): Vm {
    const [vm, ...others] = this.#vms.values();
    if (!vm || others.length > 0) throw new Error(`there are ${this.#vms.size} VMs`);
    return vm;
  }

  find(instanceId: string): Vm | undefined {
    return this.#vms.get(instanceId);
  }

  async terminate(instanceId: string): Promise<void> {
    const vm = this.#vms.get(instanceId);
    this.#vms.delete(instanceId);
    await vm?.terminate();
  }

  /** Removes all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.#vms.keys()].map((id) => this.terminate(id)));
  }

  #address(n: number, end: number): string {
    if (n >= end) throw new Error('this lab has no addresses left');
    return this.#host ? this.#session.address(n) : `127.87.0.${n}`;
  }
}
