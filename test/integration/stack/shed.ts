import { Flags } from '@oclif/core';
import { finding } from '../../../src/services/doctor/check.ts';
import { applyPlan, observeAndPlan } from '../../../src/services/stack/apply.ts';
import { createdBy } from '../../../src/services/stack/operator.ts';
import type { Connection, Provider, Site } from '../../../src/services/stack/provider.ts';
import { type Desired, desire, type Resource, type Target } from '../../../src/services/stack/resource.ts';
import { recordedStatus } from '../../../src/services/stack/target-status.ts';

/** One thing in the shed, whosever it is. */
interface Item {
  readonly stack: string;
  readonly key: string;
  readonly spec: string;
  readonly createdBy: string;
}

interface ShedRequest {
  readonly colour: string;
  readonly services: readonly string[];
}

/**
 * A place that only this folder knows: what is put into it stays in memory. It costs money, has logs, machines and a mark
 * on everything: all that a place can have.
 */
export class Shed {
  readonly items = new Map<string, Item>();
  /** Addresses that services were made with, by the service. */
  readonly told: Record<string, Readonly<Record<string, string>>> = {};
  readonly name: string;
  /** What keeps anything from being put there. */
  failure: Error | undefined;
  /** Which services it gets where none is named. */
  readonly #gets: readonly string[];

  constructor(name: string, gets: readonly string[]) {
    this.name = name;
    this.#gets = gets;
  }

  get provider(): Provider<ShedRequest> {
    const { name } = this;
    return {
      name,
      title: `shed ${name}`,
      help: { summary: `bring services up in ${name}`, description: 'In memory.', examples: ['--colour red'] },
      billed: true,
      neighbours: false,
      runs: () => true,
      chosen: (services) => services.filter((service) => this.#gets.includes(service.name)),
      placeFlags: { [`${name}-door`]: Flags.string({ description: 'which door', env: `SHED_${name}_DOOR` }) },
      deployFlags: { colour: Flags.string({ description: 'colour of what is put there', default: 'red' }) },
      ask: async ({ flags }, services) => ({
        colour: String(flags.colour),
        services: services.map((service) => service.name),
      }),
      hasTraces: async () => false,
      connect: async (site) => this.#connect(site),
    };
  }

  #connect(site: Site): Connection<ShedRequest> {
    const { record } = site;
    const { name } = this;
    const owned = () => [...this.items.values()];
    return {
      plan: async (request, steps, links) => {
        const urls = Object.fromEntries(request.services.map((each) => [each, `http://${each}.${name}.test`]));
        const desired = request.services.map((each): Desired => desire(this.#item(site, each), request.colour));
        const target = this.#target(site);
        const plan = await observeAndPlan(target, desired, steps.journal, steps.context);
        const deployed = { where: `in ${name}`, endpoints: urls, details: { colour: request.colour } };
        return {
          changes: plan.changes,
          notes: [{ level: 'info', text: `${name}: 0.5 USD per hour` }],
          perHour: { min: 0.5, max: 1 },
          request,
          auth: 'none',
          preview: deployed,
          apply: async () => {
            for (const each of request.services) {
              this.told[each] = links.known;
              if (this.failure === undefined) links.announce(each, urls[each] as string);
            }
            await applyPlan(target, desired, plan, steps);
            return deployed;
          },
        };
      },
      target: async () => this.#target(site),
      status: async () => (record === undefined ? undefined : recordedStatus(name, record)),
      doctor: async () => [finding(name, 'ok', 'the door opens')],
      logs: async (selection) => {
        const own = owned().filter(({ key }) => selection === undefined || key === selection);
        return own.map(({ key, spec }) => {
          const lines = async () => [{ source: key, line: `${key} is ${spec}` }];
          return { source: key, tail: lines, read: async () => [] };
        });
      },
      instances: async (service) =>
        owned().flatMap(({ key }) => (key === service ? [{ name: key, state: 'there' }] : [])),
      shell: async (service, instance) => ['knock', `${service}@${instance ?? name}`],
      owned: async () => ({
        where: { shed: name },
        objects: owned().map(({ stack, key, createdBy: by }) => ({ kind: 'item', id: key, stack, createdBy: by })),
        createdBy: createdBy(site.operator),
        isHere: () => true,
        perHour: (objects) => objects.length * 0.5,
        decisiveKind: 'item',
      }),
      explain: (error) => error,
      close: async () => {},
    };
  }

  #item({ paths, operator }: Pick<Site, 'paths' | 'operator'>, key: string): Resource<string, Item> {
    const id = `${paths.name}/${key}`;
    return {
      key,
      dependsOn: [],
      find: async () => this.items.get(id),
      diff: (spec, live) => (spec === live.spec ? 'same' : 'replace'),
      create: async (_context, spec) => {
        if (this.failure !== undefined) throw this.failure;
        const item = { stack: paths.name, key, spec, createdBy: createdBy(operator) };
        this.items.set(id, item);
        return item;
      },
      ready: async () => {},
      remove: async () => void this.items.delete(id),
      identify: (live) => ({ item: live.key }),
    };
  }

  #target(site: Site): Target {
    const { name } = site.paths;
    return {
      name: this.name,
      discover: async () => [...this.items.values()].filter(({ stack }) => stack === name).map(({ key }) => key),
      handle: (key) => this.#item(site, key) as Resource<unknown, unknown>,
    };
  }
}
