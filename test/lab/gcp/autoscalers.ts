import { vcpusOf } from './catalogue.ts';
import { type Cloud, secondsToMs } from './cloud.ts';
import { invalid, required } from './errors.ts';
import type { Groups } from './groups.ts';
import type { Instances } from './instances.ts';
import type { Autoscaler, Instance } from './model.ts';
import { lastPart, linkTo, pathIn } from './names.ts';
import type { Entry } from './store.ts';

interface Sample {
  readonly cpuSeconds: number;
  readonly at: number;
}

/** Autoscalers: read the CPU of a group's instances and set the group's size. */
export class Autoscalers {
  readonly #cloud: Cloud;
  readonly #groups: Groups;
  readonly #instances: Instances;
  readonly #samples = new Map<string, Sample>();
  readonly #history = new Map<string, { at: number; size: number }[]>();

  constructor(cloud: Cloud, groups: Groups, instances: Instances) {
    this.#cloud = cloud;
    this.#groups = groups;
    this.#instances = instances;
  }

  async tick(): Promise<void> {
    const entries = this.#cloud.store.all<Autoscaler>('autoscalers').filter(({ state }) => state === 'ready');
    this.#introduce(entries);
    const measured = await this.#measure(entries);
    for (const entry of entries) this.#decide(entry, measured);
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

  #decide(entry: Entry<Autoscaler>, utilization: ReadonlyMap<string, number>): void {
    const { body } = entry;
    const group = this.#groups.get(pathIn(body.target, this.#cloud.project) ?? '');
    if (!group) return;
    const policy = body.autoscalingPolicy ?? {};
    const coolDownMs = secondsToMs(this.#cloud, policy.coolDownPeriodSec ?? 60);
    const running = group.running().filter(({ draining }) => !draining);
    const warm = running.filter(
      ({ entry: { path, body: instance } }) => utilization.has(path) && ageMs(instance) >= coolDownMs,
    );
    const sum = warm.reduce((total, { entry: { path } }) => total + (utilization.get(path) ?? 0), 0);
    const size = group.entry.body.targetSize ?? 0;
    const target = policy.cpuUtilization?.utilizationTarget ?? 0.6;
    // A new machine's own start is no load; while one warms up nothing is taken away.
    const raw = Math.ceil(sum / target - 1e-9);
    const wanted = warm.length === 0 ? size : warm.length < size ? Math.max(size, raw) : raw;
    const [min, max] = [policy.minNumReplicas ?? 1, policy.maxNumReplicas ?? 1];
    const bounded = Math.min(max, Math.max(min, wanted));
    const recommended = this.#stabilized(entry.path, bounded, size, max);
    body.recommendedSize = recommended;
    body.status = 'ACTIVE';
    body.statusDetails =
      wanted > max
        ? [
            {
              type: 'CAPPED_AT_MAX_NUM_REPLICAS',
              message: 'The autoscaler could not add more instances because the maximum number of replicas is reached.',
            },
          ]
        : [];
    const mode = policy.mode ?? 'ON';
    if (mode === 'OFF' || group.entry.state !== 'ready') return;
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

  /** CPU utilization of every instance since the last look, 0 to 1. */
  async #measure(entries: readonly Entry<Autoscaler>[]): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    const groups = entries.flatMap(
      ({ body }) => this.#groups.get(pathIn(body.target, this.#cloud.project) ?? '') ?? [],
    );
    const instances = groups.flatMap((group) => group.running());
    await Promise.all(
      instances.map(async ({ entry: { path, body } }) => {
        const cpuSeconds = await this.#instances
          .machine(path)
          ?.cpuSeconds()
          .catch(() => undefined);
        if (cpuSeconds === undefined) return;
        const [sample, before] = [{ cpuSeconds, at: Date.now() }, this.#samples.get(path)];
        this.#samples.set(path, sample);
        const vcpus = this.#cloud.timings.vcpus ?? vcpusOf(lastPart(body.machineType)) ?? 1;
        if (before && sample.at > before.at)
          found.set(path, Math.max(0, ((cpuSeconds - before.cpuSeconds) * 1000) / (sample.at - before.at) / vcpus));
      }),
    );
    for (const path of this.#samples.keys()) if (!this.#cloud.store.find(path)) this.#samples.delete(path);
    return found;
  }
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
