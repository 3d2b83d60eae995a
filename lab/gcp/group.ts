import { randomInt } from 'node:crypto';
import { zones } from './catalogue.ts';
import { type Cloud, secondsToMs } from './cloud.ts';
import { LateError } from './errors.ts';
import { planGroup } from './group-plan.ts';
import { limitsOf, wantedOf } from './group-versions.ts';
import type { Instances } from './instances.ts';
import {
  type Action,
  type GroupError,
  lateErrorOf,
  type Member,
  neverHealthy,
  newMember,
  requestFor,
  shownMember,
  viewOf,
  watchHealth,
} from './member.ts';
import type { Group, HealthCheck, Instance, ManagedInstance, Template } from './model.ts';
import { lastPart, pathIn, pathOf } from './names.ts';
import { Health } from './probes.ts';
import { type Entry, timestamp } from './store.ts';

/** What the lab never does to an instance. */
const IDLE = {
  ...{ abandoning: 0, creatingWithoutRetries: 0, refreshing: 0, restarting: 0 },
  ...{ resuming: 0, starting: 0, stopping: 0, suspending: 0 },
};

/** A managed instance group: keeps the number, the template and the health of its instances as they should be. */
export class ManagedGroup {
  readonly entry: Entry<Group>;
  readonly errors: GroupError[] = [];
  readonly #cloud: Cloud;
  readonly #instances: Instances;
  readonly #drained: (instance: string) => Promise<void>;
  readonly #members = new Map<string, Member>();
  readonly #work = new Set<Promise<void>>();

  constructor(cloud: Cloud, instances: Instances, entry: Entry<Group>, drained: (instance: string) => Promise<void>) {
    this.#cloud = cloud;
    this.#instances = instances;
    this.entry = entry;
    this.#drained = drained;
  }

  /** Does what is to be done next. */
  tick(): void {
    for (const member of this.#members.values()) this.#look(member);
    const views = [...this.#members.values()].map((member) => viewOf(this.#cloud.store, member));
    const wanted = wantedOf(this.#cloud.project, this.entry);
    const plan = planGroup(views, wanted, limitsOf(this.entry.body));
    for (const name of plan.remove) this.#remove(name);
    for (const template of plan.create) this.#create(template);
    this.#show(plan.outdated);
  }

  /** Removes all instances. */
  async empty(): Promise<void> {
    this.entry.body.targetSize = 0;
    for (const name of [...this.#members.keys()]) this.#remove(name);
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  has(instancePath: string): boolean {
    return this.#members.has(lastPart(instancePath));
  }

  /** Removes some, and makes the group smaller by as many. */
  removeInstances(paths: readonly string[]): void {
    const { body } = this.entry;
    for (const path of paths)
      if (this.#remove(lastPart(path))) body.targetSize = Math.max(0, (body.targetSize ?? 0) - 1);
  }

  recreateInstances(paths: readonly string[]): void {
    for (const path of paths) {
      const member = this.#members.get(lastPart(path));
      if (member && member.action !== 'DELETING') this.#recreate(member);
    }
  }

  /** Templates of instances that exist. */
  templates(): string[] {
    return [...this.#members.values()].map(({ template }) => template);
  }

  /** Instances that run, as a load balancer sees them. */
  running(): { entry: Entry<Instance>; draining: boolean }[] {
    return [...this.#members.values()].flatMap(({ path, action }) => {
      const entry = this.#cloud.store.find<Instance>(path);
      return entry?.state === 'ready' && entry.body.status === 'RUNNING'
        ? [{ entry, draining: action === 'DELETING' }]
        : [];
    });
  }

  managedInstances(): ManagedInstance[] {
    const check = this.#check();
    return [...this.#members.values()].map((member) =>
      shownMember(this.#cloud.store, member, check, this.#versionName(member.template)),
    );
  }

  /** Verifies, heals, tries again. */
  #look(member: Member): void {
    const now = Date.now();
    const entry = this.#cloud.store.find<Instance>(member.path);
    if (member.action === 'CREATING' && member.retryAt > 0 && now >= member.retryAt) this.#make(member);
    if (member.action !== 'NONE' && member.action !== 'VERIFYING') return;
    if (!entry || entry.body.status === 'TERMINATED') {
      this.#recreate(member);
      return;
    }
    const check = this.#check();
    if (!check) {
      member.action = 'NONE';
      return;
    }
    if (entry.body.status === 'RUNNING') watchHealth(this.#cloud, member, entry.body, check.body);
    if (member.health.state === 'HEALTHY') member.action = 'NONE';
    const delay = this.entry.body.autoHealingPolicies?.[0]?.initialDelaySec ?? 0;
    if (member.action === 'NONE') {
      if (member.health.failed) this.#recreate(member);
    } else if (now - member.runningSince >= secondsToMs(this.#cloud, delay) && member.health.state !== 'UNKNOWN') {
      this.#note(member, 'VERIFYING', neverHealthy(member, delay));
      this.#recreate(member);
    }
  }

  #create(template: string): void {
    const { project, store } = this.#cloud;
    const zone = this.#zoneForNext();
    let name: string;
    do name = `${this.entry.body.baseInstanceName}-${randomInt(36 ** 3, 36 ** 4).toString(36)}`;
    while (this.#members.has(name) || store.find(`projects/${project}/zones/${zone}/instances/${name}`));
    const place = { project, scope: `zones/${zone}`, collection: 'instances', name };
    const member = newMember({ place, name, path: pathOf(place), zone, template });
    this.#members.set(name, member);
    this.#make(member);
  }

  /** The zone with the fewest instances of the group. */
  #zoneForNext(): string {
    const { scope } = this.entry.place;
    if (scope.startsWith('zones/')) return lastPart(scope);
    const own = this.entry.body.distributionPolicy?.zones?.map(({ zone }) => lastPart(zone));
    const all = own?.length ? own : zones(lastPart(scope)).slice(0, 3);
    const count = (zone: string) => [...this.#members.values()].filter((member) => member.zone === zone).length;
    return all.reduce((best, zone) => (count(zone) < count(best) ? zone : best));
  }

  #make(member: Member): void {
    this.#do(async () => {
      const { store } = this.#cloud;
      member.retryAt = 0;
      let entry: Entry<Instance> | undefined;
      try {
        const template = store.get<Template>(member.template);
        const request = requestFor(member, template.body.properties, this.entry.path);
        entry = this.#instances.add(member.place, request);
        await this.#instances.launch(entry);
        member.error = undefined;
        member.runningSince = Date.now();
        member.health = new Health();
        if (member.action !== 'DELETING') member.action = this.#check() ? 'VERIFYING' : 'NONE';
      } catch (error) {
        if (entry && store.find(entry.path) === entry) this.#instances.forget(entry);
        if (member.action === 'DELETING') return;
        this.#note(member, 'CREATING', error);
        member.action = 'CREATING';
        member.retryAt = Date.now() + this.#cloud.timings.retryMs;
      }
    });
  }

  #recreate(member: Member): void {
    member.action = 'RECREATING';
    this.#do(async () => {
      const entry = this.#cloud.store.find<Instance>(member.path);
      if (entry) await this.#instances.remove(entry);
      if (this.#members.get(member.name) === member && member.action === 'RECREATING') this.#make(member);
    });
  }

  /** @returns whether there was something to remove */
  #remove(name: string): boolean {
    const member = this.#members.get(name);
    if (!member || member.action === 'DELETING') return false;
    const served = viewOf(this.#cloud.store, member).available || member.action === 'VERIFYING';
    const before = [...this.#work];
    const beingMade = member.action === 'CREATING' || member.action === 'RECREATING';
    member.action = 'DELETING';
    this.#do(async () => {
      if (served) await this.#drained(name);
      // It cannot be taken away in the middle of being made.
      if (beingMade) await Promise.all(before);
      const entry = this.#cloud.store.find<Instance>(member.path);
      if (entry) await this.#instances.remove(entry);
      this.#members.delete(name);
    });
    return true;
  }

  #note(member: Member, action: Action, error: unknown): void {
    const late = lateErrorOf(error);
    if (!late) this.#cloud.problems.push(`${member.path}: ${String(error)}`);
    member.error = late ?? new LateError('INTERNAL_ERROR', String(error), 500);
    this.errors.unshift({ member, action, error: member.error, at: timestamp() });
    this.errors.splice(100);
  }

  #check(): Entry<HealthCheck> | undefined {
    const reference = this.entry.body.autoHealingPolicies?.[0]?.healthCheck;
    return this.#cloud.store.find<HealthCheck>(pathIn(reference, this.#cloud.project));
  }

  #versionName(template: string): string {
    const version = this.entry.body.versions?.find(
      (each) => pathIn(each.instanceTemplate, this.#cloud.project) === template,
    );
    return version?.name ?? '';
  }

  #show(outdated: number): void {
    const { body } = this.entry;
    const actions = [...this.#members.values()].map(({ action }) => action);
    const count = (action: Action) => actions.filter((each) => each === action).length;
    body.currentActions = {
      ...IDLE,
      ...{ none: count('NONE'), creating: count('CREATING'), verifying: count('VERIFYING') },
      ...{ recreating: count('RECREATING'), deleting: count('DELETING') },
    };
    const right = actions.length === body.targetSize && actions.every((action) => action === 'NONE');
    body.status = {
      ...body.status,
      isStable: right && (outdated === 0 || !limitsOf(body).proactive),
      versionTarget: { isReached: outdated === 0 },
    };
  }

  #do(work: () => Promise<void>): void {
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        this.#cloud.problems.push(`${this.entry.path}: ${String(error)}`);
      })
      .finally(() => this.#work.delete(running));
    this.#work.add(running);
  }
}
