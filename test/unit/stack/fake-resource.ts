import type { Event } from '../../../src/events.ts';
import type { Resource, ResourceContext, Target } from '../../../src/services/stack/resource.ts';

interface Thing {
  readonly key: string;
  readonly spec: string;
  readonly token: string;
}

/** A world of things in memory: what a cloud is to a stack, with a switch for every way in which a call can end. */
export class FakeWorld {
  readonly things = new Map<string, Thing>();
  readonly calls: string[] = [];
  readonly failures = new Map<string, Error>();
  /** What cannot be looked at, and why. */
  readonly hidden = new Map<string, string>();
  readonly events: Event[] = [];
  readonly abort = new AbortController();

  readonly context: ResourceContext = {
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => {} },
    emit: (event) => this.events.push(event),
    signal: this.abort.signal,
  };

  resource(key: string, dependsOn: readonly string[] = []): Resource<string, Thing> {
    const call = (verb: string) => {
      this.calls.push(`${verb} ${key}`);
      const failure = this.failures.get(`${verb} ${key}`);
      if (failure !== undefined) throw failure;
    };
    return {
      key,
      dependsOn,
      find: async (context) => {
        const why = this.hidden.get(key);
        if (why !== undefined) context.unseen?.(key, why);
        return why === undefined ? this.things.get(key) : undefined;
      },
      diff: (spec, live) => (spec === live.spec ? 'same' : spec.startsWith('~') ? 'update' : 'replace'),
      create: async (_context, spec, token) => {
        call('create');
        const thing = { key, spec, token };
        this.things.set(key, thing);
        return thing;
      },
      update: async (_context, spec, live) => {
        call('update');
        const thing = { ...live, spec };
        this.things.set(key, thing);
        return thing;
      },
      ready: async () => call('ready'),
      remove: async () => {
        call('remove');
        this.things.delete(key);
      },
      identify: (live) => ({ token: live.token }),
    };
  }

  readonly target: Target = {
    name: 'fake',
    discover: async () => [...this.things.keys()],
    handle: (key) => this.resource(key) as Resource<unknown, unknown>,
  };
}
