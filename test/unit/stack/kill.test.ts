import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan, observeAndPlan } from '../../../src/services/stack/apply.ts';
import { journalOf, openStore } from '../../../src/services/stack/journal.ts';
import { readState } from '../../../src/services/stack/state.ts';
import { teardownTarget } from '../../../src/services/stack/teardown.ts';
import { KillWorld } from './kill-world.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-kill-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const V1 = { 'ssh-key': 'v1', firewall: 'v1', extra: 'v1', 'instance-a': 'v1', 'address-a': 'v1', 'service-a': 'v1' };
/** The firewall is another one, and `extra`, which depends on it, is not wanted any more. */
const V2 = { 'ssh-key': 'v1', firewall: 'v2', 'instance-a': 'v1', 'address-a': 'v1', 'service-a': 'v1' };

async function stepsOf(world: KillWorld) {
  const { context, newToken, write } = world;
  const journal = await journalOf(await openStore(world.statePath, 'demo', context.clock, { write }), 'cloud');
  return { context: { ...context, recorded: (key: string) => journal.resource(key) }, journal, newToken };
}

async function deploy(world: KillWorld, specs: Readonly<Record<string, string>>) {
  const steps = await stepsOf(world);
  const desired = world.desired(specs);
  const plan = await observeAndPlan(world.target, desired, steps.journal, steps.context);
  await applyPlan(world.target, desired, plan, steps);
  return Object.fromEntries(plan.changes.map(({ key, action, reason }) => [key, `${action}: ${reason}`]));
}

const teardown = async (world: KillWorld) => teardownTarget(world.target, await stepsOf(world));

/** One of each, as specified, each upon the others as they are now; and the state says the same. */
async function expectExactly(world: KillWorld, specs: Readonly<Record<string, string>>) {
  expect(Object.fromEntries(world.items.map(({ key, spec }) => [key, spec]))).toEqual(specs);
  expect(world.items).toHaveLength(Object.keys(specs).length);
  const ids = new Set(world.items.map(({ id }) => id));
  for (const item of world.items) for (const used of item.uses) expect(ids).toContain(used);
  const resources = (await readState(world.statePath))?.targets.cloud?.resources ?? {};
  expect(
    Object.fromEntries(Object.entries(resources).map(([key, { status, identity }]) => [key, [status, identity]])),
  ).toEqual(Object.fromEntries(world.items.map(({ key, id }) => [key, ['ready', { id }]])));
}

interface Scenario {
  readonly name: string;
  /** Before the killed run. */
  readonly before?: Readonly<Record<string, string>>;
  /** Before the killed run, the state file is deleted. */
  readonly lost?: boolean;
  readonly work: (world: KillWorld) => Promise<unknown>;
  readonly after: Readonly<Record<string, string>>;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'a deploy', work: (world) => deploy(world, V1), after: V1 },
  { name: 'a replacement', before: V1, work: (world) => deploy(world, V2), after: V2 },
  { name: 'a teardown', before: V1, work: teardown, after: {} },
  { name: 'a teardown without the state', before: V1, lost: true, work: teardown, after: {} },
];

/** Kills the work at its first point, at its second, and so on, until it comes to its end. */
async function killEverywhere(
  { before, lost, work }: Scenario,
  check: (world: KillWorld) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at++) {
    const world = new KillWorld(join(folder, String(at), 'state.json'));
    if (before !== undefined) await deploy(world, before);
    if (lost) await rm(world.statePath);
    world.boot(at);
    await work(world).catch(() => {});
    if (!world.killed) return at - 1;
    await check(world);
  }
}

describe.each(SCENARIOS)('$name that is killed at any point', { timeout: 120_000 }, (scenario) => {
  it('is completed by running it again: one of everything, and a teardown leaves nothing', async () => {
    const points = await killEverywhere(scenario, async (world) => {
      world.boot();
      await scenario.work(world);
      await expectExactly(world, scenario.after);
      expect((await teardown(world)).leftovers).toEqual([]);
      expect(world.items).toEqual([]);
    });
    expect(points).toBeGreaterThan(20);
  });

  it('is completed where the cloud does not show yet what was made last', async () => {
    await killEverywhere(scenario, async (world) => {
      world.hideFresh();
      world.boot();
      await scenario.work(world);
      world.showAll();
      if (scenario.work !== teardown) await expectExactly(world, scenario.after);
    });
  });

  it('leaves nothing after a teardown with the state file deleted', async () => {
    await killEverywhere(scenario, async (world) => {
      await rm(world.statePath, { force: true });
      world.boot();
      expect((await teardown(world)).leftovers).toEqual([]);
      expect(world.items).toEqual([]);
    });
  });

  it('is completed with the state file deleted', async () => {
    await killEverywhere(scenario, async (world) => {
      await rm(world.statePath, { force: true });
      world.boot();
      await scenario.work(world);
      await expectExactly(world, scenario.after);
    });
  });

  it('is completed after a second kill, anywhere', async () => {
    let second = 0;
    await killEverywhere(scenario, async (world) => {
      second = (second % 25) + 1;
      world.boot(second);
      await scenario.work(world).catch(() => {});
      world.boot();
      await scenario.work(world);
      await expectExactly(world, scenario.after);
    });
  });
});

describe('a replacement', () => {
  it('takes along what depends on it, in reverse order, and says why', async () => {
    const world = new KillWorld(join(folder, 'state.json'));
    await deploy(world, V1);
    const address = world.items.find(({ key }) => key === 'address-a')?.id;
    world.log.length = 0;
    expect(await deploy(world, V2)).toEqual({
      'ssh-key': 'unchanged: as wanted',
      firewall: 'replace: : v1 -> v2',
      extra: 'remove: no longer wanted',
      'instance-a': 'replace: firewall is replaced',
      'address-a': 'update: instance-a is replaced',
      'service-a': 'replace: instance-a is replaced',
    });
    const changes = world.log.filter((call) => !call.startsWith('ready'));
    const order = (...calls: string[]) =>
      expect(calls.map((call) => changes.indexOf(call))).toEqual(
        calls.map((call) => changes.indexOf(call)).sort((a, b) => a - b),
      );
    order('remove service-a', 'remove instance-a', 'remove firewall', 'create firewall');
    order('remove extra', 'remove firewall');
    order('create firewall', 'create instance-a', 'update address-a', 'create service-a');
    expect(changes).toHaveLength(8);
    expect(world.items.find(({ key }) => key === 'address-a')?.id).toBe(address);
  });
});
