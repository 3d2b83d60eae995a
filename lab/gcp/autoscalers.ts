import { type Cloud, secondsToMs } from './cloud.ts';
import { invalid, required } from './errors.ts';
import type { ManagedGroup } from './group.ts';
import type { Groups } from './groups.ts';
import type { Autoscaler, Instance } from './model.ts';
import { linkTo, pathIn } from './names.ts';
import type { Entry } from './store.ts';
import type { Signal, Usage } from './usage.ts';

const CAPPED = {
  type: 'CAPPED_AT_MAX_NUM_REPLICAS',
  message: 'The autoscaler could not add more instances because the maximum number of replicas is reached.',
};

/** Autoscalers: follow what the instances of a group use, and set the group's size. */
export class Autoscalers {
  readonly #cloud: Cloud;
  readonly #groups: Groups;
  readonly #usage: Usage;
  readonly #history = new Map<string, { at: number; size: number }[]>();

  constructor(cloud: Cloud, groups: Groups, usage: Usage) {
    this.#cloud = cloud;
    this.#groups = groups;
    this.#usage = usage;
  }

  async tick(): Promise<void> {
    const entries = this.#cloud.store.all<Autoscaler>('autoscalers');
    this.#introduce(entries.filter(({ state }) => state === 'ready'));
    for (const entry of entries) {
      const group = this.#groups.get(pathIn(entry.body.target, this.#cloud.project) ?? '');
      if (group && entry.state === 'ready') await this.#decide(entry, group);
    }
  }

  /** A group names the autoscaler that sets its size. */
  #introduce(entries: readonly Entry<Autoscaler>[]): void {
    const { project } = this.#cloud;
    for (const { entry } of this.#groups.all()) {
      const own = entries.find(({ body }) => pathIn(body.target, project) === entry.path);
      const { autoscaler: _, ...status } = entry.body.status ?? {};
      entry.body.status = { ...status, ...(own === undefined ? {} : { autoscaler: linkTo(own.path) }) };
    }
  }

  async #decide(entry: Entry<Autoscaler>, group: ManagedGroup): Promise<void> {
    const { body } = entry;
    const policy = body.autoscalingPolicy ?? {};
    const targets: [Signal, number | null | undefined][] = [
      ['cpu', policy.cpuUtilization?.utilizationTarget],
      ['requests', policy.loadBalancingUtilization?.utilizationTarget],
    ];
    const coolDownMs = secondsToMs(this.#cloud, policy.coolDownPeriodSec ?? 60);
    // Of several signals, the one that asks for most counts.
    let wanted = 0;
    for (const [signal, target] of targets)
      if (target) wanted = Math.max(wanted, wantedSize(group, await this.#usage.of(group, signal), target, coolDownMs));
    const size = group.entry.body.targetSize ?? 0;
    const [min, max] = [policy.minNumReplicas ?? 1, policy.maxNumReplicas ?? 1];
    const bounded = Math.min(max, Math.max(min, wanted));
    const recommended = this.#stabilized(entry.path, bounded, size, max);
    body.recommendedSize = recommended;
    body.status = 'ACTIVE';
    body.statusDetails = wanted > max ? [CAPPED] : [];
    const mode = policy.mode ?? 'ON';
    if (mode === 'OFF' || entry.state !== 'ready' || group.entry.state !== 'ready') return;
    if (recommended > size || (recommended < size && mode === 'ON')) group.entry.body.targetSize = recommended;
  }

  /** For scaling in, the highest recommendation of the last minutes counts. */
  #stabilized(path: string, size: number, current: number, max: number): number {
    const now = Date.now();
    const since = now - secondsToMs(this.#cloud, this.#cloud.timings.stabilizationSeconds);
    const before = this.#history.get(path) ?? [{ at: now, size: Math.min(max, current) }];
    const history = [...before.filter(({ at }) => at >= since), { at: now, size }];
    this.#history.set(path, history);
    return Math.max(...history.map((each) => each.size));
  }
}

/** How many instances would use just their target. */
function wantedSize(
  group: ManagedGroup,
  usage: ReadonlyMap<string, number>,
  target: number,
  coolDownMs: number,
): number {
  const warm = group
    .running()
    .filter(({ entry, draining }) => !draining && usage.has(entry.path) && ageMs(entry.body) >= coolDownMs);
  const size = group.entry.body.targetSize ?? 0;
  const sum = warm.reduce((total, { entry }) => total + (usage.get(entry.path) ?? 0), 0);
  const wanted = Math.ceil(sum / target - 1e-9);
  // A new machine's own start is no load; while one warms up nothing is taken away.
  if (warm.length === 0) return size;
  return warm.length < size ? Math.max(size, wanted) : wanted;
}

function ageMs(instance: Instance): number {
  return Date.now() - Date.parse(instance.lastStartTimestamp?.replace('-00:00', 'Z') ?? '');
}

/** An autoscaler as it is kept. @throws ApiError */
export function completeAutoscaler(body: Autoscaler): Autoscaler {
  const policy = body.autoscalingPolicy;
  if (!body.target) throw required('resource.target');
  if (!policy?.maxNumReplicas) throw required('resource.autoscalingPolicy.maxNumReplicas');
  const min = policy.minNumReplicas ?? 2;
  const field = 'resource.autoscalingPolicy';
  if (min > policy.maxNumReplicas)
    throw invalid(`${field}.minNumReplicas`, min, 'minNumReplicas must not be greater than maxNumReplicas.');
  const { cpuUtilization, loadBalancingUtilization } = policy;
  for (const [name, each] of Object.entries({ cpuUtilization, loadBalancingUtilization })) {
    const value = each?.utilizationTarget;
    if (typeof value === 'number' && !(value > 0 && value <= 1))
      throw invalid(`${field}.${name}.utilizationTarget`, value, 'Must be greater than 0 and at most 1.');
  }
  const signal = cpuUtilization || loadBalancingUtilization ? {} : { cpuUtilization: { utilizationTarget: 0.6 } };
  return {
    ...body,
    autoscalingPolicy: { mode: 'ON', coolDownPeriodSec: 60, ...signal, ...policy, minNumReplicas: min },
    status: body.status ?? 'PENDING',
  };
}
