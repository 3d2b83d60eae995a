import type { Cloud } from './cloud.ts';
import { ManagedGroup } from './group.ts';
import type { Instances } from './instances.ts';
import type { Body, Group } from './model.ts';
import { lastPart, linkTo, newId, pathIn } from './names.ts';
import type { Entry } from './store.ts';

/** All managed instance groups. */
export class Groups {
  readonly #cloud: Cloud;
  readonly #instances: Instances;
  readonly #drained: (group: Entry<Group>, instance: string) => Promise<void>;
  readonly #groups = new Map<string, ManagedGroup>();

  /** @param drained resolves when an instance that goes has no requests any more, or has had time enough for them */
  constructor(cloud: Cloud, instances: Instances, drained: (group: Entry<Group>, instance: string) => Promise<void>) {
    this.#cloud = cloud;
    this.#instances = instances;
    this.#drained = drained;
  }

  add(entry: Entry<Group>): void {
    this.#groups.set(
      entry.path,
      new ManagedGroup(this.#cloud, this.#instances, entry, (name) => this.#drained(entry, name)),
    );
  }

  get(path: string): ManagedGroup | undefined {
    return this.#groups.get(path);
  }

  /** Empties a group and forgets it. */
  async remove(entry: Entry<Group>): Promise<void> {
    await this.#groups.get(entry.path)?.empty();
    this.#groups.delete(entry.path);
  }

  /** The group behind `instanceGroups/NAME`, which is how backends call it. */
  behind(reference: unknown): ManagedGroup | undefined {
    return this.#groups.get(managerPath(pathIn(reference, this.#cloud.project) ?? ''));
  }

  /** The groups that have instances of a template. */
  usersOf(template: string): string[] {
    return [...this.#groups.values()]
      .filter((group) => group.templates().includes(template))
      .map(({ entry }) => entry.path);
  }

  /** @param path only this one */
  tick(path?: string): void {
    for (const group of this.#groups.values())
      if (group.entry.state === 'ready' && (path === undefined || path === group.entry.path)) group.tick();
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.settled()));
  }

  /** The unmanaged side of a group: what holds its named ports. */
  instanceGroup({ entry }: ManagedGroup): Body {
    const { body, place, path } = entry;
    const { zone, region, creationTimestamp } = body as Group & { creationTimestamp?: string };
    return {
      ...{
        kind: 'compute#instanceGroup',
        id: newId(),
        name: place.name,
        creationTimestamp,
        fingerprint: body.fingerprint,
      },
      ...{ description: `This instance group is controlled by Instance Group Manager '${place.name}'.` },
      ...{ namedPorts: body.namedPorts ?? [], size: this.#groups.get(path)?.running().length ?? 0 },
      ...{ network: linkTo(`projects/${place.project}/global/networks/default`), selfLink: body.instanceGroup },
      ...(zone ? { zone } : {}),
      ...(region ? { region } : {}),
    };
  }

  all(): ManagedGroup[] {
    return [...this.#groups.values()];
  }
}

/** Path of the manager of an instance group. */
export function managerPath(groupPath: string): string {
  return groupPath.replace('/instanceGroups/', '/instanceGroupManagers/');
}

/** Address of the instance group of a manager. */
export function groupLink(path: string): string {
  return linkTo(path.replace('/instanceGroupManagers/', '/instanceGroups/'));
}

/** What a list of instances in a call's body names. */
export function namedInstances(body: Body): string[] {
  const list = (body.instances ?? []) as string[];
  return list.map((each) => lastPart(each));
}
