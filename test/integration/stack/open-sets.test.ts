import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployCommands } from '../../../src/commands/deploy.ts';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { checkNeeds, refuseCircle } from '../../../src/services/deploy/links.ts';
import { assignAll } from '../../../src/services/deploy/placements.ts';
import { type DeployDeps, type Deployment, runDeploy } from '../../../src/services/deploy/run-deploy.ts';
import { examinePlaces } from '../../../src/services/doctor/places.ts';
import { findGarbage, removeAll } from '../../../src/services/gc/collect.ts';
import type { Operator } from '../../../src/services/stack/operator.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import { atPlace, type Place, placesOf } from '../../../src/services/stack/places.ts';
import { openLogs } from '../../../src/services/stack/stack-logs.ts';
import { placeOf, shellOf } from '../../../src/services/stack/stack-shell.ts';
import { stackStatus } from '../../../src/services/stack/stack-status.ts';
import { readState } from '../../../src/services/stack/state.ts';
import { placesToTearDown, teardownStack } from '../../../src/services/stack/teardown.ts';
import { flagsOver, ownValues } from '../../../src/services/targets/place-flags.ts';
import { PROVIDERS } from '../../../src/services/targets/providers.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import type { ServiceDefinition } from '../../../src/services/workloads/service-definition.ts';
import { deployResult, renderDeploy } from '../../../src/ui/render-deploy.ts';
import { renderStatus } from '../../../src/ui/render-stack.ts';
import { Shed } from './shed.ts';

/** A service that only this file knows: it needs the one that the others know. */
const echo = {
  ...(SERVICES[0] as ServiceDefinition),
  name: 'echo',
  title: 'service Echo',
  path: '/echo',
  needs: ['b'],
};
const services = [...SERVICES, echo];

let home: string;
let paths: StackPaths;
let events: Event[];
let abort: AbortController;
let near: Shed;
let far: Shed;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'chainctl-open-sets-'));
  paths = stackPaths(home, 'demo');
  events = [];
  abort = new AbortController();
  near = new Shed('near', ['b']);
  far = new Shed('far', ['echo']);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const operator = (): Operator => ({
  ...{
    clock: systemClock,
    env: {},
    home,
    userHome: home,
    templates: home,
    bundles: home,
    node: process.execPath,
    nodeVersion: process.version,
    descriptorLimit: undefined,
  },
  ...{ self: { user: 'ann', host: 'here' }, listProcesses: async () => [], fetch },
});
const deps = (): DeployDeps => ({
  ...{ clock: systemClock, emit: (event) => events.push(event), signal: abort.signal, newToken: randomUUID },
  self: { host: 'here', user: 'ann', pid: process.pid, startedAt: 'now', command: 'test' },
  isAlive: async () => true,
});
/** The list with both sheds in it: one entry each. */
const providers = () => [...PROVIDERS, near.provider, far.provider];
const flagsOf = () => ({ colour: 'red' });

async function places(of: StackPaths = paths): Promise<readonly Place[]> {
  const input = { paths: of, operator: operator(), signal: abort.signal, flagsOf };
  return placesOf(providers(), await readState(of.state), input);
}

async function deploy(
  which: readonly Shed[],
  colour = 'red',
  { dryRun = false, ...own }: Partial<DeployDeps> & { readonly dryRun?: boolean } = {},
): Promise<Deployment[]> {
  const all = await places();
  const placements = await Promise.all(
    assignAll(
      which.map(({ provider }) => provider),
      services,
    ).map(async ({ provider, services: chosen }) => {
      const place = all.find((each) => each.provider.name === provider.name) as Place;
      const site = { ...place.site, flags: { colour } };
      return { place: { provider: place.provider, site }, services: chosen, request: await provider.ask(site, chosen) };
    }),
  );
  return runDeploy(paths, placements, { dryRun, known: {} }, { ...deps(), ...own });
}

describe('a place and a service that only a test knows', () => {
  it('are deployed together: the one that is needed first, and the other with its address', async () => {
    let asked = 0;
    const confirm = async () => {
      asked += 1;
      expect(near.items.size + far.items.size).toBe(0);
    };
    const deployments = await deploy([far, near], 'red', { confirm });
    expect(asked).toBe(1);
    expect(far.told.echo).toEqual({ b: 'http://b.near.test' });
    expect(events.flatMap((event) => (event.type === 'plan' ? [event.target] : []))).toEqual([
      'B on shed near',
      'ECHO on shed far',
    ]);
    expect(events.flatMap((event) => (event.type === 'note' ? [event.text] : [])).at(-1)).toBe(
      'both together: 1.0000 USD to 2.0000 USD per hour, at most 48.00 USD a day',
    );
    expect(renderDeploy(deployments, 'all')).toMatchInlineSnapshot(`
      "Stack demo is up in near and in far.
        B (invoke)   http://b.near.test/invoke
        ECHO (echo)  http://echo.far.test/echo
        It costs money until "chainctl teardown all --stack demo".
      Next: chainctl smoke --stack demo
            chainctl load --rps 1,2,5 --stack demo
            chainctl teardown all --stack demo"
    `);
    expect(deployResult(deployments, 'all')).toMatchObject({
      ...{ stack: 'demo', target: 'all', applied: true },
      endpoints: { b: 'http://b.near.test', echo: 'http://echo.far.test' },
      near: { target: 'near', colour: 'red', applied: true },
    });
    const { targets } = JSON.parse(await readFile(paths.state, 'utf8'));
    expect(targets.far).toMatchObject({ endpoints: { echo: 'http://echo.far.test' }, auth: 'none' });
    expect(targets.far.deployedAt).toBeDefined();
  });

  it('ask nothing where nothing changes', async () => {
    await deploy([near]);
    const confirm = () => Promise.reject(new Error('asked'));
    const [again] = await deploy([near], 'red', { confirm });
    expect(again?.changes).toMatchObject([{ key: 'b', action: 'unchanged' }]);
    await expect(deploy([near], 'blue', { confirm })).rejects.toThrow('asked');
    expect([...near.items.values()].map(({ spec }) => spec)).toEqual(['red']);
  });

  it('leave nothing after a dry run of a stack that was not there', async () => {
    await deploy([far, near], 'red', { dryRun: true });
    expect(existsSync(paths.folder)).toBe(false);
    await deploy([near]);
    await deploy([near], 'blue', { dryRun: true });
    expect(await readFile(paths.audit, 'utf8')).toContain('"plan"');
  });

  it('stop with the other place when one of them fails', async () => {
    near.failure = new Error('the door is stuck');
    await expect(deploy([far, near])).rejects.toThrow('the door is stuck');
    expect(far.items.size).toBe(0);
    near.failure = undefined;
    await deploy([far, near]);
    expect([...far.items.keys(), ...near.items.keys()]).toEqual(['demo/echo', 'demo/b']);
  });

  it('show up in status, logs, ssh and doctor', async () => {
    await deploy([far, near]);
    const all = await places();
    const status = await stackStatus(all, { refresh: true }, deps());
    expect(status.map(({ target, healthy }) => [target, healthy])).toEqual([
      ['near', true],
      ['far', true],
    ]);
    expect(status[1]?.drift).toEqual([{ key: 'echo', drift: 'in-sync' }]);
    expect(renderStatus(paths.name, status, services)).toContain('ECHO  http://echo.far.test/echo');
    const { sources } = await openLogs(paths, all, { service: 'echo', kind: 'process' }, deps());
    expect(await sources[0]?.tail(1)).toEqual([{ source: 'echo', line: 'echo is red' }]);
    await expect(openLogs(paths, all, { service: 'nope', kind: 'process' }, deps())).rejects.toMatchObject({
      message: expect.stringMatching(/no logs of nope in .*; there are those of .*echo/),
      nextSteps: expect.arrayContaining([expect.stringMatching(/^name one of them: chainctl logs \w+ --stack demo$/)]),
    });
    const place = await placeOf(paths, all, echo, services);
    const words = await atPlace(place, (connection) => shellOf(connection, place, echo, undefined));
    expect(words).toEqual(['knock', 'echo@far']);
    const examined = all.filter(({ provider }) => [near.name, far.name].includes(provider.name));
    expect(await examinePlaces(examined, 'far')).toMatchObject([{ name: 'far', status: 'ok' }]);
    expect(await examinePlaces(examined, undefined)).toMatchObject([{ name: 'near' }, { name: 'far' }]);
  });

  it('are found and removed by gc once nobody here knows the stack', async () => {
    await deploy([far, near]);
    const sheds = (await places()).filter(({ provider }) => [near.name, far.name].includes(provider.name));
    const look = () => findGarbage(home, sheds, { named: false }, deps());
    expect((await look()).found.map(({ garbage }) => garbage)).toEqual([[], []]);
    await rm(paths.folder, { recursive: true });
    const { found, unseen } = await look();
    expect(unseen).toEqual([]);
    expect(found.map(({ where, garbage }) => [where, garbage[0]?.stack, garbage[0]?.perHour])).toEqual([
      [{ shed: 'near' }, 'demo', 0.5],
      [{ shed: 'far' }, 'demo', 0.5],
    ]);
    const chosen = found.flatMap((at) => at.garbage.map((garbage) => ({ at, garbage })));
    const removed = await removeAll(home, chosen, deps());
    expect(removed.map(({ report }) => [report.removed, report.leftovers])).toEqual([
      [['b'], []],
      [['echo'], []],
    ]);
    expect(near.items.size + far.items.size).toBe(0);
  });

  it('are taken down, the last of them with everything that was kept', async () => {
    await deploy([far, near]);
    const wanted = await placesToTearDown(await places());
    expect(wanted.map(({ provider }) => provider.name)).toEqual(['near', 'far']);
    const reports = await teardownStack(paths, wanted, deps());
    expect(reports.map(({ target, removed, leftovers }) => [target, removed, leftovers])).toEqual([
      ['near', ['b'], []],
      ['far', ['echo'], []],
    ]);
    expect(near.items.size + far.items.size).toBe(0);
    expect(await placesToTearDown(await places())).toEqual([]);
  });

  it('are found by their marks where this machine knows nothing of the stack, which is refused where nothing is', async () => {
    await deploy([near]);
    await rm(paths.folder, { recursive: true });
    const named = (await places()).filter(({ provider }) => provider.name === 'near');
    expect(await teardownStack(paths, named, deps())).toMatchObject([{ removed: ['b'], leftovers: [] }]);
    await rm(paths.folder, { recursive: true });
    await expect(teardownStack(paths, named, deps())).rejects.toMatchObject({
      ...{ code: 'no-such-stack', exit: 2, message: 'there is no stack demo; there is none yet' },
    });
    expect(existsSync(paths.folder)).toBe(false);
  });

  it('have commands and flags of their own', () => {
    const list = [near.provider, far.provider];
    const commands = deployCommands(list, services);
    expect(Object.keys(commands)).toEqual(['deploy:near', 'deploy:far', 'deploy:all']);
    expect(Object.keys(commands['deploy:near']?.flags ?? {})).toEqual([
      ...['near-door', 'colour', 'service', 'b-url', 'yes', 'dry-run'],
    ]);
    expect(commands['deploy:far']?.flags.service).toMatchObject({ default: 'echo', options: ['a', 'b', 'echo'] });
    // A shell cannot set a variable with a hyphen.
    const needy = deployCommands(list, [...services, { ...echo, name: 'needy', needs: ['b-two'] }]);
    expect(needy['deploy:far']?.flags['b-two-url']).toMatchObject({ env: 'CHAINCTL_B_TWO_URL' });
    // Both have a colour, and no variable says that they mean the same.
    expect(Object.keys(commands['deploy:all']?.flags ?? {})).toEqual([
      ...['near-door', 'near-colour', 'far-door', 'far-colour', 'yes', 'dry-run'],
    ]);
  });
});

describe('services that need each other', () => {
  it('are refused on two places, where each would wait for the address of the other', async () => {
    const [a, b] = SERVICES.map((each) => ({ ...each, needs: [each.name === 'a' ? 'b' : 'a'] }));
    expect(() => refuseCircle([[a as ServiceDefinition], [echo], [b as ServiceDefinition]])).toThrow(
      'service A and service B need each other from different places: none of them can be the first',
    );
    refuseCircle([[a, b] as ServiceDefinition[], [echo]]);
    refuseCircle([SERVICES, [echo]]);
    const all = await places();
    const placements = [near, far].map(({ name }, index) => ({
      place: all.find(({ provider }) => provider.name === name) as Place,
      services: [[a, b][index] as ServiceDefinition],
      request: { colour: 'red', services: [] },
    }));
    await expect(runDeploy(paths, placements, { dryRun: false, known: {} }, deps())).rejects.toMatchObject({ exit: 2 });
    expect(existsSync(paths.folder)).toBe(false);
  });
});

describe('a service without one that it needs', () => {
  it('is refused before anything is asked, with an address that cannot be reached, too', () => {
    const needy = { stack: 'demo', deployed: [echo], known: {} };
    expect(() => checkNeeds([echo], needy)).toThrow('service Echo needs service B, and stack demo has none');
    expect(() => checkNeeds([echo], { ...needy, known: { b: 'http://127.0.0.1:8080' } })).toThrow('cannot reach');
    checkNeeds([echo], { ...needy, known: { b: 'http://198.51.100.9' } });
    checkNeeds([echo], { ...needy, deployed: services });
  });
});

describe('flags over several places', () => {
  it('are one where they mean the same, and can be written with the place before them', () => {
    const list = [near.provider, far.provider];
    const flags = flagsOver(list, ({ deployFlags }) => deployFlags);
    expect(Object.keys(flags)).toEqual(['near-colour', 'far-colour']);
    const own = ownValues({ 'far-colour': 'blue' }, far.provider, list, ({ deployFlags }) => deployFlags);
    expect(own).toEqual({ colour: 'blue' });
    const shared = list.map((each) => ({
      ...each,
      deployFlags: { ttl: { ...each.deployFlags.colour, env: 'CHAINCTL_TTL' } as never },
    }));
    expect(flagsOver(shared, ({ deployFlags }) => deployFlags)).toMatchObject({
      ttl: { env: 'CHAINCTL_TTL', aliases: ['near-ttl', 'far-ttl'] },
    });
  });
});
