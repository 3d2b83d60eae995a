import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { applyPlan, observeAndPlan } from '../../../src/services/stack/apply.ts';
import { breakLock } from '../../../src/services/stack/lock.ts';
import { inspectLock } from '../../../src/services/stack/lock-holder.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import type { Place } from '../../../src/services/stack/places.ts';
import type { Connection, Provider, Site } from '../../../src/services/stack/provider.ts';
import { desire, type Target } from '../../../src/services/stack/resource.ts';
import { ensureSecret, listSecrets } from '../../../src/services/stack/secrets.ts';
import { openStack, type StackDeps } from '../../../src/services/stack/session.ts';
import { placeOf as placeOfService } from '../../../src/services/stack/stack-shell.ts';
import { stackStatus } from '../../../src/services/stack/stack-status.ts';
import { readState } from '../../../src/services/stack/state.ts';
import { recordedStatus } from '../../../src/services/stack/target-status.ts';
import { placesToTearDown, teardownStack } from '../../../src/services/stack/teardown.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import { FakeWorld } from './fake-resource.ts';

let home: string;
let paths: StackPaths;
let world: FakeWorld;
let events: Event[];
let deps: StackDeps;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'chainctl-stack-'));
  paths = stackPaths(home, 'demo');
  world = new FakeWorld();
  events = [];
  let tokens = 0;
  deps = {
    clock: world.context.clock,
    emit: (event) => events.push(event),
    signal: world.abort.signal,
    self: { host: 'here', user: 'ann', pid: 1, startedAt: 'then', command: 'chainctl deploy fake' },
    isAlive: async () => true,
    newToken: () => `token-${++tokens}`,
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const notes = () => events.flatMap((event) => (event.type === 'note' ? [event.text] : []));

function deploy(name = 'fake', target: Target = world.target, of = world) {
  return openStack(paths, deps, async (stack) => {
    const steps = stack.steps(name);
    const desired = [desire(of.resource('base'), 'v1'), desire(of.resource('top', ['base']), 'v1')];
    await applyPlan(target, desired, await observeAndPlan(target, desired, steps.journal, steps.context), steps);
    await steps.journal.describe({ endpoints: {}, complete: true });
  });
}

/** A place called so, with these objects; what is recorded of it is read when it is asked for. */
async function placeOf(name: string, target: Target, own: Partial<Connection> = {}, billed = true): Promise<Place> {
  const record = (await readState(paths.state))?.targets[name];
  const provider: Provider = {
    ...{ name, title: name, help: { summary: '', description: '', examples: [] }, placeFlags: {}, deployFlags: {} },
    ...{ billed, neighbours: false, runs: () => true, chosen: () => [], ask: async () => ({}) },
    hasTraces: async () => false,
    connect: async () => ({
      plan: () => Promise.reject(new Error('not planned')),
      target: async () => ({ ...target, name }),
      status: async () => (record === undefined ? undefined : recordedStatus(name, record)),
      close: async () => {},
      ...own,
    }),
  };
  const operator = {} as Site['operator'];
  return { provider, site: { paths, flags: {}, record, operator, signal: world.abort.signal } };
}

describe('an open stack', () => {
  it('stops at its next write when its lock was taken away, and leaves the state to who has it now', async () => {
    const base = world.resource('base');
    const create = base.create.bind(base);
    base.create = async (...args) => {
      const made = await create(...args);
      const view = await inspectLock(paths.lock, deps);
      if (view !== undefined) await breakLock(paths.lock, view, true, deps);
      return made;
    };
    const desired = [desire(base, 'v1'), desire(world.resource('top', ['base']), 'v1')];
    const run = openStack(paths, deps, async (stack) => {
      const steps = stack.steps('fake');
      const plan = await observeAndPlan(world.target, desired, steps.journal, steps.context);
      await applyPlan(world.target, desired, plan, steps);
    });
    await expect(run).rejects.toMatchObject({ code: 'lock-lost' });
    expect(world.calls).toEqual(['create base']);
    expect(JSON.parse(await readFile(paths.state, 'utf8')).targets.fake.resources.base.status).toBe('creating');
  });

  it('lets two targets be changed at the same time', async () => {
    const other = new FakeWorld();
    await openStack(paths, deps, async (stack) => {
      const one = async (name: string, of: FakeWorld) => {
        const steps = stack.steps(name);
        const desired = [desire(of.resource('base'), 'v1'), desire(of.resource('top', ['base']), 'v1')];
        await applyPlan(
          of.target,
          desired,
          await observeAndPlan(of.target, desired, steps.journal, steps.context),
          steps,
        );
      };
      await Promise.all([one('aws', world), one('gcp', other)]);
      expect(stack.recordedTargets()).toEqual(['aws', 'gcp']);
    });
    const { targets } = JSON.parse(await readFile(paths.state, 'utf8'));
    expect(Object.keys(targets.aws.resources)).toEqual(['base', 'top']);
    expect(Object.keys(targets.gcp.resources)).toEqual(['base', 'top']);
  });

  it('says after a failure which resource it was, what exists, what that costs and how to be rid of it', async () => {
    world.failures.set('create top', new Error('reset by peer'));
    const target = { ...world.target, costOf: (key: string) => (key === 'base' ? '0.05 USD/h' : undefined) };
    await expect(deploy('fake', target)).rejects.toThrow('top: reset by peer');
    expect(notes()).toEqual([
      'still there: base token token-1 (0.05 USD/h), top, perhaps (it was being made); "chainctl teardown fake --stack demo" removes it, running the same deploy again continues it',
    ]);
  });
});

describe('status', () => {
  it('with refresh says of every resource how it compares with its record', async () => {
    await deploy();
    const drift = async () => {
      const [target] = await stackStatus([await placeOf('fake', world.target)], { refresh: true }, deps);
      return Object.fromEntries(
        (target?.drift ?? []).map(({ key, drift: state, detail }) => [key, `${state} ${detail ?? ''}`.trim()]),
      );
    };
    expect(await drift()).toEqual({ base: 'in-sync', top: 'in-sync' });
    world.things.set('base', { key: 'base', spec: 'v2', token: 'other' });
    world.things.delete('top');
    world.things.set('stray', { key: 'stray', spec: 'v1', token: 'x' });
    expect(await drift()).toEqual({
      base: 'changed not as it was specified, token token-1 -> other',
      top: 'gone recorded, but not there',
      stray: 'unrecorded there, but not in the state file',
    });
    expect(world.calls).toHaveLength(4);
  });

  it('does not call gone what it cannot look at', async () => {
    await deploy();
    world.hidden.set('top', 'its machine does not answer');
    const [target] = await stackStatus([await placeOf('fake', world.target)], { refresh: true }, deps);
    expect(target?.drift).toEqual([
      { key: 'base', drift: 'in-sync' },
      { key: 'top', drift: 'unseen', detail: 'its machine does not answer' },
    ]);
  });

  it('without it reads the record only', async () => {
    await deploy();
    const open = async () => {
      throw new Error('looked');
    };
    const place = await placeOf('fake', world.target, { target: open });
    const [target] = await stackStatus([place], { refresh: false }, deps);
    expect(target).toMatchObject({ target: 'fake', complete: true, healthy: true });
    expect(target?.resources.map(({ key, state }) => [key, state])).toEqual([
      ['base', 'recorded'],
      ['top', 'recorded'],
    ]);
  });
});

describe('the place of a service', () => {
  it('that several have is the one that was deployed last, to which load goes, too', async () => {
    const [service] = SERVICES;
    if (service === undefined) throw new Error('there is no service');
    for (const name of ['aws', 'host']) {
      await openStack(paths, deps, async (stack) => {
        const endpoints = { [service.name]: `http://${name}.invalid` };
        await stack.steps(name).journal.describe({ endpoints, complete: true });
      });
    }
    const places = [await placeOf('host', world.target), await placeOf('aws', world.target)];
    expect((await placeOfService(paths, places, service, SERVICES)).provider.name).toBe('host');
  });
});

describe('the teardown of a stack', () => {
  it('loses its secrets before its record, so that another run makes good what was killed between the two', async () => {
    await ensureSecret(paths, 'ssh-key', () => 'secret');
    await deploy('aws');
    let looks = 0;
    const discover: Target['discover'] = async (context) => {
      const found = await world.target.discover(context);
      const view = await inspectLock(paths.lock, deps);
      // The second look is the last thing before the record goes: no write comes through from here on.
      if (++looks === 2 && view !== undefined) await breakLock(paths.lock, view, true, deps);
      return found;
    };
    const killed = teardownStack(paths, [await placeOf('aws', { ...world.target, discover })], deps);
    await expect(killed).rejects.toMatchObject({ code: 'lock-lost' });
    expect(await listSecrets(paths)).toEqual([]);
    expect(Object.keys(JSON.parse(await readFile(paths.state, 'utf8')).targets)).toEqual(['aws']);
    await teardownStack(paths, [await placeOf('aws', world.target)], deps);
    expect(JSON.parse(await readFile(paths.state, 'utf8')).targets).toEqual({});
  });

  it('takes all its targets down, and its secrets with the last', async () => {
    const other = new FakeWorld();
    await deploy('aws');
    await deploy('gcp', other.target, other);
    await ensureSecret(paths, 'token', () => 'x');
    const [aws, gcp] = [await placeOf('aws', world.target), await placeOf('gcp', other.target)];
    await teardownStack(paths, [aws], deps);
    expect(await listSecrets(paths)).toEqual(['token']);
    expect((await teardownStack(paths, [aws, gcp], deps)).map(({ target, removed }) => [target, removed])).toEqual([
      ['aws', []],
      ['gcp', ['base', 'top']],
    ]);
    expect(await listSecrets(paths)).toEqual([]);
    expect(other.things.size).toBe(0);
  });

  it('of this machine alone keeps the keys of a cloud, which the state may have lost sight of', async () => {
    await deploy('local');
    await ensureSecret(paths, 'ssh-key', () => 'x');
    await teardownStack(paths, [await placeOf('local', world.target, {}, false)], deps);
    expect(await listSecrets(paths)).toEqual(['ssh-key']);
  });

  it('goes on with the other targets when one cannot be looked at', async () => {
    await deploy('gcp');
    const broken = await placeOf('aws', world.target, { target: () => Promise.reject(new Error('no credentials')) });
    await expect(teardownStack(paths, [broken, await placeOf('gcp', world.target)], deps)).rejects.toThrow(
      'no credentials',
    );
    expect(world.things.size).toBe(0);
  });

  it('of everything means what is recorded, and what has left traces', async () => {
    await deploy('aws');
    const traced = await placeOf('local', world.target, {}, false);
    const modules = [
      { ...traced, provider: { ...traced.provider, hasTraces: async () => true } },
      await placeOf('aws', world.target),
      await placeOf('gcp', world.target),
    ];
    expect((await placesToTearDown(modules)).map(({ provider }) => provider.name)).toEqual(['local', 'aws']);
  });
});
