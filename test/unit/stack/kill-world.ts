import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Desired, desire, type Resource, type Target } from '../../../src/services/stack/resource.ts';
import type { StackState } from '../../../src/services/stack/state.ts';
import type { StepDeps } from '../../../src/services/stack/steps.ts';

interface Item {
  readonly id: string;
  readonly key: string;
  readonly token: string;
  readonly spec: string;
  /** Ids of what it was made upon. */
  readonly uses: readonly string[];
  /** Made a moment ago, and not shown by lists yet. */
  hidden: boolean;
  /** Points to something else than what there is now. */
  readonly astray?: boolean;
}

/** What every call of a killed process meets: nothing of it takes effect any more. */
class Killed extends Error {}

const DEPENDS: Readonly<Record<string, readonly string[]>> = {
  'ssh-key': [],
  firewall: [],
  extra: ['firewall'],
  'instance-a': ['ssh-key', 'firewall'],
  'address-a': ['instance-a'],
  'service-a': ['address-a', 'instance-a'],
};

/**
 * A cloud in memory that outlives the process: calls have ids, tokens and dependencies as those of a real one, and the
 * process can be killed right before and right after each call and each write of its state.
 */
export class KillWorld {
  readonly items: Item[] = [];
  readonly log: string[] = [];
  readonly #statePath: string;
  #ids = 0;
  #tokens = 0;
  #points = 0;
  #killAt = Number.POSITIVE_INFINITY;
  #dead = false;
  /** What was made, and is not in the state yet. */
  #fresh: Item[] = [];

  constructor(statePath: string) {
    this.#statePath = statePath;
  }

  /** A new process, which is killed at its nth point, or never. */
  boot(killAt = Number.POSITIVE_INFINITY): void {
    this.#points = 0;
    this.#killAt = killAt;
    this.#dead = false;
  }

  get killed(): boolean {
    return this.#dead;
  }

  /** What a cloud does that shows new objects late: those of the killed process that it could not record. */
  hideFresh(): void {
    for (const item of this.#fresh) item.hidden = true;
    this.#fresh = [];
  }

  /** Lists have caught up. */
  showAll(): void {
    for (const item of this.items) item.hidden = false;
  }

  readonly newToken = (): string => `token-${++this.#tokens}`;

  readonly write = async (path: string, state: StackState): Promise<void> => {
    this.#point();
    // Not the real one: it waits for the disk, thousands of times.
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(state));
    this.#fresh = this.#fresh.filter(({ token, key }) => {
      const record = state.targets.cloud?.resources[key];
      return record?.token !== token || record.status === 'creating';
    });
    this.#point();
  };

  readonly context: StepDeps['context'] = {
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => {} },
    emit: () => {},
    signal: new AbortController().signal,
  };

  readonly target: Target = {
    name: 'cloud',
    discover: async () => [...new Set(this.items.filter(({ hidden }) => !hidden).map(({ key }) => key))],
    handle: (key) => this.resource(key) as Resource<unknown, unknown>,
  };

  desired(specs: Readonly<Record<string, string>>): Desired[] {
    return Object.entries(specs).map(([key, spec]) => desire(this.resource(key), spec));
  }

  resource(key: string): Resource<string, Item> {
    const dependsOn = DEPENDS[key] ?? [];
    const idsOf = async (live: ((key: string) => Promise<unknown>) | undefined) =>
      (await Promise.all(dependsOn.map((each) => live?.(each)))).map((item) => (item as Item | undefined)?.id ?? '?');
    return {
      key,
      dependsOn,
      find: async ({ live }) => {
        const item = this.items.find((each) => each.key === key && !each.hidden);
        if (item === undefined || key !== 'address-a') return item;
        return { ...item, astray: !item.uses.includes((await idsOf(live))[0] as string) };
      },
      diff: (spec, live) => (spec !== live.spec ? 'replace' : live.astray === true ? 'update' : 'same'),
      // An address stays the same when it is moved to another machine.
      ...(key === 'address-a' ? { whenReplaced: () => 'update' as const } : {}),
      create: async ({ live }, spec, token) => {
        const uses = await idsOf(live);
        return this.#call(`create ${key}`, () => {
          const earlier = this.items.find((item) => item.token === token);
          if (earlier !== undefined) {
            earlier.hidden = false;
            return earlier;
          }
          const item = { id: `${key}#${++this.#ids}`, key, token, spec, uses, hidden: false };
          this.items.push(item);
          this.#fresh.push(item);
          return item;
        });
      },
      update: async ({ live }, spec, old) => {
        const uses = await idsOf(live);
        return this.#call(`update ${key}`, () => {
          const item = { ...old, spec, uses, astray: false };
          this.items.splice(this.items.indexOf(this.#byId(old.id)), 1, item);
          return item;
        });
      },
      ready: async () => this.#call(`ready ${key}`, () => {}),
      remove: async (_context, old) =>
        this.#call(`remove ${key}`, () => {
          const user = this.items.find((item) => item.key !== 'address-a' && item.uses.includes(old.id));
          if (user !== undefined) throw new Error(`DependencyViolation: ${old.id} is used by ${user.id}`);
          const at = this.items.findIndex(({ id }) => id === old.id);
          if (at >= 0) this.items.splice(at, 1);
        }),
      identify: ({ id }) => ({ id }),
    };
  }

  #byId(id: string): Item {
    const item = this.items.find((each) => each.id === id);
    if (item === undefined) throw new Error(`${id} does not exist`);
    return item;
  }

  async #call<T>(name: string, effect: () => T): Promise<T> {
    this.#point();
    const result = effect();
    this.log.push(name);
    this.#point();
    return result;
  }

  #point(): void {
    this.#points++;
    if (this.#points === this.#killAt) this.#dead = true;
    if (this.#dead) throw new Killed('killed');
  }

  get statePath(): string {
    return this.#statePath;
  }
}
