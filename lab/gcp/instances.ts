import { type Cloud, quotasOf } from './cloud.ts';
import { LateError, quotaExceeded, zoneExhausted } from './errors.ts';
import { instanceBody, resolveImage } from './instance-body.ts';
import type { Machine } from './machines.ts';
import type { Instance } from './model.ts';
import { lastPart, linkTo, type Place, parseReference, pathIn, regionOf } from './names.ts';
import { type Entry, timestamp } from './store.ts';

/** Instances and the machines that play them. */
export class Instances {
  readonly #cloud: Cloud;
  readonly #machines = new Map<string, Machine>();
  readonly #images = new Map<string, string | undefined>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  machine(path: string): Machine | undefined {
    return this.#machines.get(path);
  }

  /** Notes an instance that is to be made, with its disks. @throws ApiError */
  add(place: Place, request: Instance): Entry<Instance> {
    const { store, project } = this.#cloud;
    const body = instanceBody(this.#cloud, place, request);
    const params = request.disks?.[0]?.initializeParams;
    const image = params?.sourceImage ? resolveImage(this.#cloud, params.sourceImage) : undefined;
    const entry = store.add<Instance>(place, 'compute#instance', { ...body }, true);
    const own = parseReference(image?.selfLink, project)?.project === project;
    this.#images.set(entry.path, own ? (image?.name ?? undefined) : undefined);
    for (const disk of body.disks ?? []) {
      const at = parseReference(disk.source, project);
      if (!at || store.find(pathIn(disk.source, project))) continue;
      const about = { name: at.name, status: 'READY', sizeGb: disk.diskSizeGb, sourceImage: image?.selfLink };
      const type = linkTo(
        `projects/${project}/${place.scope}/diskTypes/${lastPart(params?.diskType) || 'pd-standard'}`,
      );
      store.add(at, 'compute#disk', { ...about, type, users: [linkTo(entry.path)] }, true).state = 'ready';
    }
    return entry;
  }

  /** Takes back `add`. */
  forget(entry: Entry<Instance>): void {
    const { store, project } = this.#cloud;
    for (const disk of entry.body.disks ?? [])
      if (disk.autoDelete || entry.state === 'making') store.remove(pathIn(disk.source, project) ?? '');
    store.remove(entry.path);
    this.#images.delete(entry.path);
  }

  /** Makes what was added. @throws LateError without quota or machines */
  async launch(entry: Entry<Instance>): Promise<void> {
    const { store, machines, project } = this.#cloud;
    const zone = lastPart(entry.place.scope);
    this.#checkCapacity(entry, zone);
    entry.body.status = 'STAGING';
    const metadata = Object.fromEntries((entry.body.metadata?.items ?? []).map(({ key, value }) => [key, value ?? '']));
    const runs = entry.body.scheduling?.maxRunDuration?.seconds;
    const machine = await machines.boot({
      ...{ id: String((entry.body as { id?: string }).id), name: entry.place.name, zone, metadata },
      image: this.#images.get(entry.path),
      maxRunSeconds: runs ? (Number(runs) * this.#cloud.timings.realSecondMs) / 1000 : undefined,
    });
    if (store.find(entry.path) !== entry) {
      await machine.remove();
      throw new LateError('RESOURCE_NOT_FOUND', `projects/${project}/zones/${zone}/instances/${entry.place.name}`, 404);
    }
    this.#machines.set(entry.path, machine);
    this.#running(entry, machine);
    entry.state = 'ready';
  }

  async remove(entry: Entry<Instance>): Promise<void> {
    entry.state = 'leaving';
    entry.body.status = 'STOPPING';
    await this.#machines.get(entry.path)?.remove();
    this.#machines.delete(entry.path);
    this.forget(entry);
  }

  async stop(entry: Entry<Instance>): Promise<void> {
    if (entry.body.status === 'TERMINATED') return;
    entry.body.status = 'STOPPING';
    await this.#machines.get(entry.path)?.stop();
    this.#terminated(entry);
  }

  /** @throws LateError without quota or machines */
  async start(entry: Entry<Instance>): Promise<void> {
    const machine = this.#machines.get(entry.path);
    if (entry.body.status === 'RUNNING' || !machine) return;
    entry.body.status = 'PROVISIONING';
    try {
      this.#checkCapacity(entry, lastPart(entry.place.scope));
    } catch (error) {
      entry.body.status = 'TERMINATED';
      throw error;
    }
    entry.body.status = 'STAGING';
    await machine.start();
    this.#running(entry, machine);
  }

  async reset(entry: Entry<Instance>): Promise<void> {
    await this.#machines.get(entry.path)?.reset();
  }

  /** Keeps the disk of a stopped instance as an image. */
  async makeImage(name: string, instancePath: string): Promise<void> {
    const machine = this.#machines.get(instancePath);
    if (!machine) throw new LateError('RESOURCE_NOT_FOUND', `The resource '${instancePath}' was not found`, 404);
    await this.#cloud.machines.makeImage(name, machine);
  }

  /** Notices machines that have turned themselves off. */
  async look(): Promise<void> {
    for (const entry of this.#cloud.store.all<Instance>('instances')) {
      const { body, state } = entry;
      if (body.status !== 'RUNNING' || state !== 'ready' || this.#machines.get(entry.path)?.running() !== false)
        continue;
      const { maxRunDuration, instanceTerminationAction } = body.scheduling ?? {};
      if (maxRunDuration && instanceTerminationAction !== 'STOP') await this.remove(entry);
      else this.#terminated(entry);
    }
  }

  /** Removes all machines. */
  async close(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.remove()));
    this.#machines.clear();
  }

  #checkCapacity(entry: Entry<Instance>, zone: string): void {
    const region = regionOf(zone);
    const over = quotasOf(this.#cloud, region).find(({ usage, limit }) => usage > limit);
    if (over) throw quotaExceeded(over.metric, over.limit, region);
    if (this.#cloud.behaviour.stockOuts.has(zone)) throw zoneExhausted(`projects/${entry.place.project}/zones/${zone}`);
  }

  #running(entry: Entry<Instance>, machine: Machine): void {
    const { body } = entry;
    for (const nic of body.networkInterfaces ?? []) {
      nic.networkIP = machine.address;
      for (const access of nic.accessConfigs ?? [])
        Object.assign(access, { kind: 'compute#accessConfig', natIP: machine.address, networkTier: 'PREMIUM' });
    }
    body.lastStartTimestamp = timestamp();
    body.status = 'RUNNING';
  }

  #terminated({ body }: Entry<Instance>): void {
    for (const nic of body.networkInterfaces ?? []) for (const access of nic.accessConfigs ?? []) delete access.natIP;
    body.lastStopTimestamp = timestamp();
    body.status = 'TERMINATED';
  }
}
