import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gcp, startGcp } from '../../lab/gcp/gcp.ts';
import { memoryBalancers } from '../../lab/gcp/memory-balancers.ts';
import { type MemoryMachines, memoryMachines } from '../../lab/gcp/memory-machines.ts';
import { changed, GcpStack } from './gcp-stack.ts';

let machines: MemoryMachines;
let gcp: Gcp;
let stack: GcpStack;

beforeEach(async () => {
  machines = memoryMachines();
  gcp = await startGcp({ machines, balancers: memoryBalancers() });
  stack = await GcpStack.open(gcp);
});

afterEach(async () => {
  await stack.close();
  await gcp.stop();
  expect(gcp.problems).toEqual([]);
});

const NOTHING = {
  ...{ instances: 0, disks: 0, images: 0, firewalls: 0, instanceTemplates: 0, healthChecks: 0 },
  ...{ instanceGroupManagers: 0, autoscalers: 0, addresses: 0, backendServices: 0, urlMaps: 0 },
  ...{ targetHttpProxies: 0, forwardingRules: 0 },
};
const EVERYTHING = {
  ...NOTHING,
  ...{ instances: 1, disks: 1, firewalls: 2, instanceTemplates: 1, healthChecks: 2 },
  ...{ instanceGroupManagers: 1, autoscalers: 1, addresses: 1, backendServices: 1, urlMaps: 1 },
  ...{ targetHttpProxies: 1, forwardingRules: 1 },
};

describe('deploy gcp', () => {
  it('brings B up, finds nothing to do the second time, and leaves nothing after a teardown', async () => {
    const deployment = await stack.deploy();
    expect(gcp.count()).toEqual(EVERYTHING);
    const answer = await fetch(`${deployment.endpoints.b}/health`);
    expect(answer.status).toBe(200);
    expect(stack.addresses).toEqual([deployment.endpoints.b]);
    expect(await stack.record()).toMatchObject({ endpoints: deployment.endpoints, deployedAt: expect.any(String) });

    const before = gcp.calls.length;
    expect(changed(await stack.deploy())).toEqual({});
    expect(gcp.calls.slice(before).filter(({ action }) => /insert|patch|delete|setLabels/.test(action))).toEqual([]);
    expect((await stack.drift()).filter(({ drift }) => drift !== 'in-sync')).toEqual([]);

    expect((await stack.teardown()).leftovers).toEqual([]);
    expect(gcp.count()).toEqual(NOTHING);
    expect(await stack.record()).toBeUndefined();
  });
});
