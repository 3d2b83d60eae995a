import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { desire, type Resource } from '../../../src/services/stack/resource.ts';
import { openGcpTarget } from '../../../src/services/targets/gcp/target.ts';
import { noPort80 } from '../../support/port-80.ts';
import { changed, GcpStack } from './gcp-stack.ts';
import { changesSince, EVERYTHING, type GcpLab, NOTHING, openGcpLab } from './lab.ts';

let lab: GcpLab;
beforeEach(async () => {
  lab = await openGcpLab();
});
afterEach(() => lab.close());

describe.skipIf(noPort80)(`deploy gcp${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('brings B up, finds nothing to do the second time, and leaves nothing after a teardown', async () => {
    const { gcp, stack } = lab;
    const deployment = await stack.deploy();
    expect(gcp.count()).toEqual(EVERYTHING);
    const answer = await fetch(`${deployment.endpoints.b}/health`);
    expect(answer.status).toBe(200);
    expect(stack.addresses).toEqual([deployment.endpoints.b]);
    expect(await stack.record()).toMatchObject({ endpoints: deployment.endpoints, deployedAt: expect.any(String) });

    const before = gcp.calls.length;
    expect(changed(await stack.deploy())).toEqual({});
    expect(changesSince(gcp, before)).toEqual([]);
    expect((await stack.drift()).filter(({ drift }) => drift !== 'in-sync')).toEqual([]);

    expect((await stack.teardown()).leftovers).toEqual([]);
    expect(gcp.count()).toEqual(NOTHING);
    expect(await stack.record()).toBeUndefined();
  });

  it('tells the address before there is a group', async () => {
    const { gcp, stack } = lab;
    const groups: number[] = [];
    await stack.deploy({}, { onAddress: () => groups.push(gcp.count().instances) });
    expect(groups).toEqual([0]);
  });

  it('makes the load balancer while the image is being made, and waits for B behind it afterwards', async () => {
    const { gcp, stack } = lab;
    const made: Record<string, number>[] = [];
    let image: object | undefined;
    const baked: Resource<object, object> = {
      ...{ key: 'image-0123456789abcdef', dependsOn: [], diff: () => 'same', identify: () => ({}) },
      find: async () => image,
      async create() {
        await vi.waitFor(() => expect(gcp.count().forwardingRules).toBe(1), { timeout: 10_000 });
        made.push(gcp.count());
        image = {};
        return image;
      },
      ready: async () => {},
      remove: async () => {},
    };
    const boot = async () => ({ source: stack.source, desired: [desire(baked, {})] });
    const { endpoints } = await stack.deploy({}, { boot });
    expect(made).toMatchObject([{ instanceTemplates: 0, instanceGroupManagers: 0, backendServices: 1 }]);
    expect((await fetch(`${endpoints.b}/health`)).status).toBe(200);
    const waiting = stack.events.find((event) => event.type === 'step-waiting' && event.key === 'forwarding-rule');
    expect(waiting).toMatchObject({ reason: 'there, waiting for backend-group' });
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('changes in place what can be changed, and takes back what somebody else changed', async () => {
    const { gcp, stack } = lab;
    await stack.deploy();
    const { compute } = stack.deps;
    const { signal } = stack.deps;
    await compute.begin(
      'firewalls.patch',
      { firewall: 'chainctl-test-firewall-ssh', firewallResource: { sourceRanges: ['0.0.0.0/0'] } },
      signal,
    );
    // The rules of a default network let everybody in to port 22, after ours.
    const rest = { firewall: 'chainctl-test-firewall-rest' };
    expect(await compute.read('firewalls.get', rest, signal)).toMatchObject({
      ...{ priority: 2000, sourceRanges: ['0.0.0.0/0'], targetTags: ['chainctl-test-b'] },
      denied: [{ IPProtocol: 'tcp' }, { IPProtocol: 'udp' }],
    });
    await compute.begin('firewalls.patch', { ...rest, firewallResource: { priority: 65535 } }, signal);
    const ports = { namedPorts: [{ name: 'http', port: 80 }] };
    await compute.begin(
      'instanceGroups.setNamedPorts',
      {
        zone: 'europe-west3-c',
        instanceGroup: 'chainctl-test-llm-b-mig',
        instanceGroupsSetNamedPortsRequestResource: ports,
      },
      signal,
    );
    await gcp.settled();
    expect(await stack.drift()).toContainEqual(expect.objectContaining({ key: 'firewall-ssh', drift: 'changed' }));
    const deployment = await stack.deploy({
      max: 2,
      autoscale: { signal: 'lb', target: 0.8 },
      requestSeconds: 60,
      coolDownSeconds: 90,
    });
    expect(changed(deployment)).toEqual({
      'firewall-ssh': 'update',
      'firewall-rest': 'update',
      'group-europe-west3-c': 'update',
      'autoscaler-europe-west3-c': 'update',
      backend: 'update',
      'backend-group': 'update',
    });
    const rule = await compute.read('firewalls.get', { firewall: 'chainctl-test-firewall-ssh' }, signal);
    expect(rule.sourceRanges).toEqual(['203.0.113.7/32']);
    const at = { zone: 'europe-west3-c', instanceGroupManager: 'chainctl-test-llm-b-mig' };
    const { namedPorts } = await compute.read('instanceGroupManagers.get', at, signal);
    expect(namedPorts).toMatchObject([{ name: 'http', port: 8002 }]);
    const backend = await compute.read('backendServices.get', { backendService: 'chainctl-test-backend' }, signal);
    expect(backend).toMatchObject({ timeoutSec: 60, backends: [{ balancingMode: 'RATE', maxRatePerInstance: 1 }] });
    expect(
      changed(
        await stack.deploy({
          max: 2,
          autoscale: { signal: 'lb', target: 0.8 },
          requestSeconds: 60,
          coolDownSeconds: 90,
        }),
      ),
    ).toEqual({});
  });

  it('spreads a group over a region, and takes it down again', async () => {
    const { gcp, stack } = lab;
    const deployment = await stack.deploy({ regionWide: true, min: 2 });
    expect(deployment.location).toBe('europe-west3');
    expect(gcp.count()).toMatchObject({ instances: 2, instanceGroupManagers: 1, autoscalers: 1 });
    expect(changed(await stack.deploy({ regionWide: true, min: 2 }))).toEqual({});
    expect((await stack.drift()).filter(({ drift }) => drift !== 'in-sync')).toEqual([]);
    await stack.teardown();
    expect(gcp.count()).toEqual(NOTHING);
  });

  it('moves the group to another zone without a moment without it', async () => {
    const { gcp, stack } = lab;
    const first = await stack.deploy({ requestSeconds: 1 });
    const moved = await stack.deploy({ zones: ['europe-west3-a'], requestSeconds: 1 });
    const waited = stack.events.findIndex(
      (event) => event.type === 'step-waiting' && event.reason.endsWith('have 1 s'),
    );
    const removed = stack.events.findIndex((event) => event.type === 'step-started' && event.action === 'remove');
    expect([waited, removed].every((at) => at > 0) && waited < removed).toBe(true);
    expect(changed(moved)).toEqual({
      'group-europe-west3-a': 'create',
      'autoscaler-europe-west3-a': 'create',
      'backend-group': 'update',
      'group-europe-west3-c': 'remove',
      'autoscaler-europe-west3-c': 'remove',
    });
    expect(moved.endpoints).toEqual(first.endpoints);
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('moves it to another network and another zone at once', async () => {
    const { gcp, stack } = lab;
    await stack.deploy({ requestSeconds: 1 });
    const wanted = { network: 'other', zones: ['europe-west3-a'], requestSeconds: 1 };
    expect(changed(await stack.deploy(wanted))).toMatchObject({
      'firewall-lb': 'replace',
      'group-europe-west3-a': 'create',
      'group-europe-west3-c': 'remove',
    });
    expect(gcp.count()).toEqual(EVERYTHING);
    expect(changed(await stack.deploy(wanted))).toEqual({});
  });
});

describe.skipIf(noPort80)(`teardown gcp${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('takes the group from its load balancer without changing what else was set there', async () => {
    const { gcp, stack } = lab;
    await stack.deploy();
    const { compute, signal } = stack.deps;
    const look = () => compute.read('backendServices.get', { backendService: 'chainctl-test-backend' }, signal);
    const { backends, fingerprint: _, ...rest } = await look();
    expect(backends).toHaveLength(1);
    const target = openGcpTarget(compute, 'test', undefined);
    const member = target.handle('backend-group');
    await member.remove(stack.deps, await member.find(stack.deps));
    expect(await look()).toMatchObject({ ...rest, backends: [] });
    expect(await member.find(stack.deps)).toBeUndefined();
    expect(await target.discover(stack.deps)).not.toContain('backend-group');
    expect(changed(await stack.deploy())).toEqual({ 'backend-group': 'create' });
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('needs no state, and touches neither a stack with a longer name nor what has no marker', async () => {
    const { gcp, stack } = lab;
    const other = await GcpStack.open(gcp, 'test-b');
    await Promise.all([stack.deploy(), other.deploy()]);
    await stack.loseState();
    const { compute, signal } = stack.deps;
    await compute.begin('addresses.insert', { addressResource: { name: 'chainctl-test-mine' } }, signal);
    await gcp.settled();
    expect((await stack.teardown()).leftovers).toEqual([]);
    expect(gcp.count()).toEqual({ ...EVERYTHING, addresses: 2 });
    expect(changed(await other.deploy())).toEqual({});
    await other.close();
  });

  it('looks in the project of the record only', async () => {
    const { stack } = lab;
    await stack.deploy();
    const elsewhere = { ...stack.deps.compute, project: 'another' };
    await expect(stack.teardown({ compute: elsewhere })).rejects.toMatchObject({ code: 'gcp-elsewhere', exit: 3 });
  });
});
