import { type Gcp, startGcp } from '../../../lab/gcp/gcp.ts';
import { memoryBalancers } from '../../../lab/gcp/memory-balancers.ts';
import { type MemoryMachines, memoryMachines } from '../../../lab/gcp/memory-machines.ts';
import type { Timings } from '../../../lab/gcp/timings.ts';
import { GcpStack } from './gcp-stack.ts';

/** VMs with this in their metadata never serve. */
export const BROKEN = { 'startup-script': 'exit 1' };

export const NOTHING = {
  ...{ instances: 0, disks: 0, images: 0, firewalls: 0, instanceTemplates: 0, healthChecks: 0 },
  ...{ instanceGroupManagers: 0, autoscalers: 0, addresses: 0, backendServices: 0, urlMaps: 0 },
  ...{ targetHttpProxies: 0, forwardingRules: 0 },
};

/** What one deploy with one VM makes. */
export const EVERYTHING = {
  ...NOTHING,
  ...{ instances: 1, disks: 1, firewalls: 3, instanceTemplates: 1, healthChecks: 2 },
  ...{ instanceGroupManagers: 1, autoscalers: 1, addresses: 1, backendServices: 1, urlMaps: 1 },
  ...{ targetHttpProxies: 1, forwardingRules: 1 },
};

export interface GcpLab {
  readonly gcp: Gcp;
  readonly machines: MemoryMachines;
  readonly stack: GcpStack;
  close(): Promise<void>;
}

/** Compute Engine over machines that are addresses of this one, and a stack to deploy to it. */
export async function openGcpLab(timings: Partial<Timings> = {}): Promise<GcpLab> {
  const machines = memoryMachines({
    serveAfterMs: ({ metadata }) => (metadata['startup-script'] === BROKEN['startup-script'] ? Infinity : 10),
  });
  const gcp = await startGcp({ machines, balancers: memoryBalancers(), timings });
  const stack = await GcpStack.open(gcp);
  return {
    ...{ gcp, machines, stack },
    async close() {
      await stack.close();
      await gcp.stop();
      if (gcp.problems.length > 0) throw new Error(`the lab had problems: ${gcp.problems.join('; ')}`);
    },
  };
}

/** Changes that were asked for since `from` calls. */
export function changesSince({ calls }: Gcp, from: number): string[] {
  return calls
    .slice(from)
    .map(({ action }) => action)
    .filter((action) => /\.(insert|patch|delete|setLabels|setTarget|setUrlMap|resize)$/.test(action));
}
