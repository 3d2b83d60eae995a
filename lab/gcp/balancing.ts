import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Cloud, secondsToMs } from './cloud.ts';
import { balancersReach } from './firewall.ts';
import { type Groups, managerPath } from './groups.ts';
import type { Backend, BalancerRule } from './machines.ts';
import type { BackendService, Body, ForwardingRule, Group, HealthCheck, UrlMap } from './model.ts';
import { lastPart, linkTo, pathIn } from './names.ts';
import { portOf } from './probes.ts';
import type { Entry } from './store.ts';

/** Forwarding rules with everything behind them, handed to what plays the load balancer. */
export class Balancing {
  readonly #cloud: Cloud;
  readonly #groups: Groups;
  /** What the load balancer was told last, by rule. */
  readonly #told = new Map<string, BalancerRule>();
  #closed = false;
  readonly #since = new Map<string, number>();

  constructor(cloud: Cloud, groups: Groups) {
    this.#cloud = cloud;
    this.#groups = groups;
  }

  /** Brings the load balancer up to date. */
  async tick(): Promise<void> {
    const { store, balancers } = this.#cloud;
    const rules = store.all<ForwardingRule>('forwardingRules').filter(({ state }) => state === 'ready');
    for (const entry of rules) {
      const wanted = this.#rule(entry);
      if (!wanted) continue;
      if (isDeepStrictEqual(this.#told.get(wanted.name), wanted)) continue;
      await balancers.put(wanted);
      this.#told.set(wanted.name, wanted);
    }
    for (const name of this.#told.keys()) {
      if (rules.some(({ place }) => place.name === name)) continue;
      this.#told.delete(name);
      for (const path of this.#since.keys()) if (lastPart(path) === name) this.#since.delete(path);
      await balancers.remove(name);
    }
  }

  /** `backendServices.getHealth` of one group. */
  async health(service: Entry<BackendService>, groupReference: string): Promise<Body> {
    const { balancers } = this.#cloud;
    const group = this.#groups.behind(groupReference);
    const answer = { kind: 'compute#backendServiceGroupHealth' };
    const rule = this.#rulesOf(service)[0];
    if (!group || !rule || !this.#told.has(rule.place.name)) return answer;
    const states = await balancers.health(rule.place.name);
    const port = this.#port(service.body, groupReference);
    const healthStatus = group.running().flatMap(({ entry }) => {
      const blocked = !this.#reaches(service.body, entry.body, port);
      const healthState = blocked ? 'UNHEALTHY' : states[entry.place.name];
      const ipAddress = entry.body.networkInterfaces?.[0]?.networkIP;
      return healthState === undefined ? [] : [{ healthState, instance: linkTo(entry.path), ipAddress, port }];
    });
    return healthStatus.length > 0 ? { ...answer, healthStatus } : answer;
  }

  /** Resolves when an instance has no requests any more, or has had the time that its backend service gives it. */
  async drained(group: Entry<Group>, instance: string): Promise<void> {
    const { balancers, timings } = this.#cloud;
    const services = this.#servicesOf(group);
    const seconds = Math.max(0, ...services.map(({ body }) => body.connectionDraining?.drainingTimeoutSec ?? 0));
    const deadline = Date.now() + seconds * timings.realSecondMs;
    while (!this.#closed && Date.now() < deadline) {
      const rules = services.flatMap((service) => this.#rulesOf(service)).map(({ place }) => place.name);
      const quiet = rules.map(async (name) => {
        const known = this.#told.get(name)?.backends.find((each) => each.name === instance);
        // One that it was not told to drain may get the next request.
        return (
          (known === undefined || known.draining === true) &&
          ((await balancers.traffic(name))[instance]?.busy ?? 0) === 0
        );
      });
      if ((await Promise.all(quiet)).every(Boolean)) return;
      await sleep(timings.groupMs);
    }
  }

  /** Requests so far by instance of a group, and how many each is meant to take in a second. */
  async load(group: Entry<Group>): Promise<{ totals: Readonly<Record<string, number>>; perSecond?: number }> {
    const totals: Record<string, number> = {};
    let perSecond: number | undefined;
    for (const service of this.#servicesOf(group)) {
      const backend = service.body.backends?.find((each) => this.#isOf(group, each.group));
      perSecond = backend?.maxRatePerInstance ?? perSecond;
      for (const { place } of this.#rulesOf(service))
        for (const [name, { total }] of Object.entries(await this.#cloud.balancers.traffic(place.name)))
          totals[name] = (totals[name] ?? 0) + total;
    }
    return { totals, ...(perSecond === undefined ? {} : { perSecond }) };
  }

  #servicesOf(group: Entry<Group>): Entry<BackendService>[] {
    const services = this.#cloud.store.all<BackendService>('backendServices');
    return services.filter(({ body }) => body.backends?.some((each) => this.#isOf(group, each.group)));
  }

  #isOf(group: Entry<Group>, reference: string | null | undefined): boolean {
    return managerPath(pathIn(reference, this.#cloud.project) ?? '') === group.path;
  }

  /** Lets nobody wait any longer. */
  close(): void {
    this.#closed = true;
  }

  /** What a rule answers everything with before it serves: Google's front ends learn of it by and by. */
  #onlyStatus({ path }: Entry<ForwardingRule>): 404 | 502 | undefined {
    const { notFound, badGateway } = this.#cloud.timings.servesAfterMs;
    const now = Date.now();
    const age = now - (this.#since.get(path) ?? now);
    if (!this.#since.has(path)) this.#since.set(path, now);
    if (age < notFound) return 404;
    return age < notFound + badGateway ? 502 : undefined;
  }

  #rulesOf(service: Entry<BackendService>): Entry<ForwardingRule>[] {
    return this.#cloud.store
      .all<ForwardingRule>('forwardingRules')
      .filter((entry) => entry.state === 'ready' && this.#serviceOf(entry)?.path === service.path);
  }

  #serviceOf({ body }: Entry<ForwardingRule>): Entry<BackendService> | undefined {
    const { store, project } = this.#cloud;
    const proxy = store.find<{ urlMap?: string }>(pathIn(body.target, project));
    const map = store.find<UrlMap>(pathIn(proxy?.body.urlMap, project));
    return store.find<BackendService>(pathIn(map?.body.defaultService, project));
  }

  #rule(entry: Entry<ForwardingRule>): BalancerRule | undefined {
    const { store, project } = this.#cloud;
    const service = this.#serviceOf(entry);
    const check = store.find<HealthCheck>(pathIn(service?.body.healthChecks?.[0], project))?.body;
    if (!service || !check) return undefined;
    const ports = (service.body.backends ?? []).map(({ group }) => this.#port(service.body, group));
    const backends = (service.body.backends ?? []).flatMap(({ group }, i): Backend[] => {
      const port = ports[i];
      if (port === undefined) return [];
      return (this.#groups.behind(group)?.running() ?? [])
        .filter((each) => this.#reaches(service.body, each.entry.body, port))
        .map((each) => ({
          ...{ name: each.entry.place.name, address: each.entry.body.networkInterfaces?.[0]?.networkIP ?? '', port },
          ...(each.draining ? { draining: true } : {}),
        }));
    });
    const onlyStatus = this.#onlyStatus(entry);
    return {
      name: entry.place.name,
      ...(onlyStatus === undefined ? {} : { onlyStatus }),
      address: entry.body.IPAddress ?? '',
      port: Number(entry.body.portRange?.split('-')[0] ?? 80),
      backends,
      check: {
        path: check.httpHealthCheck?.requestPath ?? '/',
        port: portOf(check, ports[0] ?? 80),
        intervalMs: secondsToMs(this.#cloud, check.checkIntervalSec ?? 5),
        timeoutMs: Math.max(500, secondsToMs(this.#cloud, check.timeoutSec ?? 5)),
        healthyThreshold: check.healthyThreshold ?? 2,
        unhealthyThreshold: check.unhealthyThreshold ?? 2,
      },
      timeoutSeconds: service.body.timeoutSec ?? 30,
    };
  }

  /** The number of a backend service's port in a group; `undefined` while the group does not name it. */
  #port({ portName }: BackendService, group: string | null | undefined): number | undefined {
    const ports = this.#groups.behind(group)?.entry.body.namedPorts ?? [];
    return ports.find(({ name }) => name === (portName ?? 'http'))?.port ?? undefined;
  }

  #reaches(service: BackendService, instance: Parameters<typeof balancersReach>[1], port: number | undefined): boolean {
    const check = this.#cloud.store.find<HealthCheck>(pathIn(service.healthChecks?.[0], this.#cloud.project))?.body;
    if (!check || port === undefined) return false;
    return balancersReach(this.#cloud, instance, port) && balancersReach(this.#cloud, instance, portOf(check, port));
  }
}
