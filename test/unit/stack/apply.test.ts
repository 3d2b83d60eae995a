import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan, observeAndPlan } from '../../../src/services/stack/apply.ts';
import { journalOf, openStore } from '../../../src/services/stack/journal.ts';
import { type Desired, desire, type Target } from '../../../src/services/stack/resource.ts';
import { teardownTarget } from '../../../src/services/stack/teardown.ts';
import { FakeWorld } from './fake-resource.ts';

let folder: string;
let world: FakeWorld;
let tokens: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-apply-'));
  world = new FakeWorld();
  tokens = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const statePath = () => join(folder, 'state.json');
const openJournal = async () => journalOf(await openStore(statePath(), 'test', world.context.clock), 'fake');
const soon = () => new Promise((resolve) => setImmediate(resolve));
const newToken = () => `token-${++tokens}`;
const recorded = async () => JSON.parse(await readFile(statePath(), 'utf8')).targets.fake.resources;

async function deploy(desired: readonly Desired[], target: Target = world.target) {
  const journal = await openJournal();
  const plan = await observeAndPlan(target, desired, journal, world.context);
  await applyPlan(target, desired, plan, { context: world.context, journal, newToken });
  return Object.fromEntries(plan.changes.map(({ key, action, reason }) => [key, `${action}: ${reason}`]));
}

const chain = (spec = 'v1') => [desire(world.resource('base'), 'v1'), desire(world.resource('top', ['base']), spec)];

describe('deploy on the resource graph', () => {
  it('creates what is missing, in order, and records it as ready', async () => {
    expect(await deploy(chain())).toEqual({ base: 'create: not there', top: 'create: not there' });
    expect(world.calls).toEqual(['create base', 'ready base', 'create top', 'ready top']);
    expect(await recorded()).toMatchObject({ base: { status: 'ready', token: 'token-1' }, top: { status: 'ready' } });
  });

  it('changes nothing when everything is as wanted', async () => {
    await deploy(chain());
    world.calls.length = 0;
    expect(await deploy(chain())).toEqual({ base: 'unchanged: as wanted', top: 'unchanged: as wanted' });
    expect(world.calls).toEqual(['ready base', 'ready top']);
  });

  it('replaces or updates only what differs, and says what differs', async () => {
    await deploy(chain());
    world.calls.length = 0;
    expect((await deploy(chain('v2'))).top).toBe('replace: : v1 -> v2');
    expect(world.calls).toEqual(['ready base', 'remove top', 'create top', 'ready top']);
    expect((await deploy(chain('~v3'))).top).toMatch(/^update/);
    expect(world.things.get('top')?.spec).toBe('~v3');
  });

  it('leaves alone, and remembers, what is recorded and no concern of it', async () => {
    await deploy(chain());
    const other: Target = { ...world.target, discover: async () => [], concerns: (key) => key.startsWith('other') };
    const plan = await deploy([desire(world.resource('other'), 'v1')], other);
    expect(plan).toEqual({ other: 'create: not there' });
    expect([...world.things.keys()]).toEqual(['base', 'top', 'other']);
    expect(Object.keys(await recorded()).toSorted()).toEqual(['base', 'other', 'top']);
  });

  /** A base that works only once the top is there: one after the other they would never be done. */
  const besides = () => {
    const base = world.resource('base');
    const ready: typeof base.ready = async (context, live) => {
      while (!world.things.has('top')) await soon();
      await base.ready(context, live);
    };
    return [desire({ ...base, ready }, 'v1'), desire({ ...world.resource('top', ['base']), beside: ['base'] }, 'v1')];
  };

  it('makes what may be made beside another one before that works, and waits for it afterwards', async () => {
    await deploy(besides());
    expect(world.calls).toEqual(['create base', 'create top', 'ready base', 'ready top']);
    expect(await recorded()).toMatchObject({ base: { status: 'ready' }, top: { status: 'ready' } });
  });

  it('makes what may be made ahead of another one at once, and what is there already waits for it', async () => {
    const slow = world.resource('slow');
    const create: typeof slow.create = async (context, spec, token) => {
      while (!world.things.has('front')) await soon();
      return slow.create(context, spec, token);
    };
    const front = { ...world.resource('front', ['slow']), ahead: ['slow'] };
    await deploy([desire({ ...slow, create }, 'v1'), desire(front, 'v1')]);
    expect(world.calls).toEqual(['create front', 'create slow', 'ready slow', 'ready front']);
    world.things.delete('slow');
    world.calls.length = 0;
    await deploy([desire(slow, 'v1'), desire(front, 'v1')]);
    expect(world.calls).toEqual(['create slow', 'ready slow', 'ready front']);
  });

  it('lets what is as wanted, and needed another one only to be made, not wait for it', async () => {
    const baked = { ...world.resource('baked', ['door']), toMake: ['door'] };
    await deploy([desire(world.resource('door'), 'v1'), desire(baked, 'v1')]);
    expect(world.calls).toEqual(['create door', 'ready door', 'create baked', 'ready baked']);
    world.things.delete('door');
    world.calls.length = 0;
    const door = world.resource('door');
    const ready: typeof door.ready = async (context, live) => {
      while (!world.things.has('vm')) await soon();
      await door.ready(context, live);
    };
    const wanted = [{ ...door, ready }, baked, world.resource('vm', ['baked'])];
    await deploy(wanted.map((each) => desire(each, 'v1')));
    expect(world.calls.indexOf('create vm')).toBeLessThan(world.calls.indexOf('ready door'));
  });

  it('leaves what was made beside another one that does not work as it is, and goes on with it', async () => {
    world.failures.set('ready base', new Error('sold out'));
    await expect(deploy(besides())).rejects.toThrow('sold out');
    expect(world.calls).toEqual(['create base', 'create top', 'ready base']);
    expect(await recorded()).toMatchObject({ base: { status: 'created' }, top: { status: 'created' } });
    world.failures.clear();
    await deploy(besides());
    expect(world.calls.slice(3)).toEqual(['ready base', 'ready top']);
    expect(await recorded()).toMatchObject({ base: { status: 'ready' }, top: { status: 'ready' } });
  });

  it('removes what is no longer wanted after everything else', async () => {
    await deploy([...chain(), desire(world.resource('extra'), 'v1')]);
    world.calls.length = 0;
    expect((await deploy(chain('v2'))).extra).toBe('remove: no longer wanted');
    expect(world.calls.at(-1)).toBe('remove extra');
    expect(await recorded()).not.toHaveProperty('extra');
  });

  it('has the intent and its token on disk before the call', async () => {
    const base = world.resource('base');
    const create = base.create.bind(base);
    let before: unknown;
    base.create = async (context, spec, token) => {
      before = await recorded();
      return create(context, spec, token);
    };
    await deploy([desire(base, 'v1')]);
    expect(before).toMatchObject({ base: { status: 'creating', token: 'token-1' } });
  });

  it('uses the token of an interrupted create again, so that the call cannot make a second object', async () => {
    world.failures.set('create base', new Error('reset by peer'));
    await expect(deploy(chain())).rejects.toThrow('reset by peer');
    world.failures.clear();
    expect((await deploy(chain())).base).toBe('create: an earlier run was interrupted here');
    expect(world.things.get('base')?.token).toBe('token-1');
  });

  it('meets what a killed run had made but not recorded', async () => {
    world.things.set('base', { key: 'base', spec: 'v1', token: 'unseen' });
    expect((await deploy(chain())).base).toBe('unchanged: as wanted');
    expect(await recorded()).toMatchObject({ base: { status: 'ready', identity: { token: 'unseen' } } });
  });

  it('says that something was deployed and is gone', async () => {
    await deploy(chain());
    world.things.delete('top');
    expect((await deploy(chain())).top).toBe('create: was deployed, but is gone');
  });

  it('does not call gone what it cannot look at, and has it made again', async () => {
    await deploy(chain());
    world.hidden.set('top', 'its machine does not answer');
    expect(await deploy(chain())).toEqual({
      base: 'unchanged: as wanted',
      top: 'create: may exist, but cannot be inspected: its machine does not answer',
    });
    world.hidden.clear();
    expect((await deploy(chain())).top).toBe('unchanged: as wanted');
  });
});

describe('teardown', () => {
  const teardown = async () =>
    teardownTarget(world.target, { context: world.context, journal: await openJournal(), newToken });

  it('removes everything and only then forgets', async () => {
    await deploy(chain());
    expect(await teardown()).toEqual({ target: 'fake', removed: ['base', 'top'], leftovers: [] });
    expect(JSON.parse(await readFile(statePath(), 'utf8')).targets).toEqual({});
  });

  it('works with the state file lost', async () => {
    await deploy(chain());
    await rm(statePath());
    expect((await teardown()).removed).toEqual(['base', 'top']);
    expect(world.things.size).toBe(0);
  });

  it('goes on after a removal that fails, reports what is left and keeps its record', async () => {
    await deploy(chain());
    world.failures.set('remove top', new Error('in use'));
    const report = await teardown();
    expect(report.leftovers).toEqual([{ key: 'top', reason: 'in use' }]);
    expect(report.removed).toEqual(['base']);
    expect(await recorded()).toMatchObject({ top: { status: 'removing' } });
  });
});
