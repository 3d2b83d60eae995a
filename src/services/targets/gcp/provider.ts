import type { Clock } from '../../clock.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { forgetSecretPair, readSecret } from '../../stack/secrets.ts';
import type { TargetRecord } from '../../stack/state.ts';
import type { TargetModule } from '../../stack/target-module.ts';
import { recordedStatus, type TargetStatus } from '../../stack/target-status.ts';
import { healthReason } from '../local/service-process.ts';
import { bootTarget } from './boot/boot.ts';
import { HOST_KEY_B } from './boot/login.ts';
import type { Compute } from './compute.ts';
import { RULE } from './forwarding-rule.ts';
import { groupLogs } from './logs.ts';
import { openGcpTarget } from './teardown.ts';

export interface GcpModuleDeps {
  readonly clock: Clock;
  /** Compute Engine of the project where the stack is. */
  compute(): Promise<Compute>;
}

/** GCP, as the commands that work over all targets see it. */
export function gcpModule(paths: StackPaths, deps: GcpModuleDeps): TargetModule {
  const logs = groupLogs({ ...deps, paths });
  return {
    name: 'gcp',
    sweepsUnasked: false,
    hasTraces: async () => (await readSecret(paths, HOST_KEY_B)) !== undefined,
    status: async (record) => (record === undefined ? undefined : statusOf(record)),
    async open(record) {
      const compute = await deps.compute();
      return openGcpTarget(compute, paths.name, record, bootTarget(compute, { stack: paths.name, createdBy: '' }));
    },
    async logs(_record, selection, kind, context) {
      return selection === undefined || selection === 'b' ? logs(kind, context) : [];
    },
    forget: () => forgetSecretPair(paths, HOST_KEY_B),
  };
}

/** The record, and one question to the public address. */
async function statusOf(record: TargetRecord): Promise<TargetStatus> {
  const status = recordedStatus('gcp', record);
  const { b } = record.endpoints;
  if (b === undefined) return status;
  const reason = await healthReason(`${b}/health`);
  const resources = status.resources.map((each) => {
    if (each.key !== RULE || each.state !== 'recorded') return each;
    const seen = reason === undefined ? ({ state: 'healthy' } as const) : ({ state: 'unhealthy', reason } as const);
    return { ...each, ...seen, address: new URL(b).host };
  });
  return { ...status, resources, healthy: status.healthy && reason === undefined };
}
