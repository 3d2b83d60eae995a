import type { Balancing } from './balancing.ts';
import { vcpusOf } from './catalogue.ts';
import { type Cloud, secondsToMs } from './cloud.ts';
import type { ManagedGroup } from './group.ts';
import type { Instances } from './instances.ts';
import { lastPart } from './names.ts';

/** Over how many (of the resources') seconds usage is a mean. */
const WINDOW_SECONDS = 60;

/** What autoscalers follow. */
export type Signal = 'cpu' | 'requests';

interface Sample {
  readonly value: number;
  readonly at: number;
}

/** How much of what it has each instance uses: its mean over the last minute, 1 for all of it. */
export class Usage {
  readonly #cloud: Cloud;
  readonly #instances: Instances;
  readonly #balancing: Balancing;
  readonly #samples = new Map<string, Sample[]>();

  constructor(cloud: Cloud, instances: Instances, balancing: Balancing) {
    this.#cloud = cloud;
    this.#instances = instances;
    this.#balancing = balancing;
  }

  /** By path of the instance; without those of which nothing is known yet. */
  async of(group: ManagedGroup, signal: Signal): Promise<ReadonlyMap<string, number>> {
    const counters = signal === 'cpu' ? await this.#cpuSeconds(group) : await this.#requests(group);
    const found = new Map<string, number>();
    for (const [path, value] of counters) {
      const usage = this.#note(`${signal} ${path}`, value);
      if (usage !== undefined) found.set(path, usage);
    }
    this.#forget();
    return found;
  }

  /** CPU time used, in units of all CPUs for a second. */
  async #cpuSeconds(group: ManagedGroup): Promise<[string, number][]> {
    const all = group.running().map(async ({ entry: { path, body } }): Promise<[string, number][]> => {
      const seconds = await this.#instances
        .machine(path)
        ?.cpuSeconds()
        .catch(() => undefined);
      const vcpus = this.#cloud.timings.vcpus ?? vcpusOf(lastPart(body.machineType)) ?? 1;
      return seconds === undefined ? [] : [[path, seconds / vcpus]];
    });
    return (await Promise.all(all)).flat();
  }

  /** Requests served, in units of what the backend service gives an instance in a second. */
  async #requests(group: ManagedGroup): Promise<[string, number][]> {
    const { totals, perSecond } = await this.#balancing.load(group.entry);
    if (perSecond === undefined) return [];
    return group.running().map(({ entry }) => [entry.path, (totals[entry.place.name] ?? 0) / perSecond]);
  }

  #note(key: string, value: number): number | undefined {
    const now = Date.now();
    const since = now - secondsToMs(this.#cloud, WINDOW_SECONDS);
    const before = (this.#samples.get(key) ?? []).filter(({ at }) => at >= since);
    this.#samples.set(key, [...before, { value, at: now }]);
    const first = before[0];
    if (!first || first.at === now) return undefined;
    return Math.max(0, ((value - first.value) * 1000) / (now - first.at));
  }

  #forget(): void {
    for (const key of this.#samples.keys())
      if (!this.#cloud.store.find(key.slice(key.indexOf(' ') + 1))) this.#samples.delete(key);
  }
}
