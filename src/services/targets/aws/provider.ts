import type { Clock } from '../../clock.ts';
import { remoteLog } from '../../machine/remote-logs.ts';
import { runThere } from '../../machine/run-there.ts';
import { HostSessions } from '../../machine/sessions.ts';
import type { HostTemplates } from '../../machine/templates.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Resource, ResourceContext } from '../../stack/resource.ts';
import { forgetSecretPair, readSecret } from '../../stack/secrets.ts';
import type { TargetRecord } from '../../stack/state.ts';
import type { TargetModule } from '../../stack/target-module.ts';
import { recordedStatus, type TargetStatus } from '../../stack/target-status.ts';
import { healthReason } from '../local/service-process.ts';
import { HOST_KEY } from './boot-keys.ts';
import { awsResources } from './desired.ts';
import { drainedFirst } from './drain.ts';
import type { Ec2 } from './ec2.ts';
import { recordedRequest, refuseElsewhere } from './guards.ts';
import { findAccount } from './launch.ts';
import { ON_VM, onVm, vmAccess } from './on-vm.ts';
import { awsTarget } from './target.ts';

export interface AwsModuleDeps {
  readonly clock: Clock;
  /** EC2 where the stack is. */
  ec2(): Promise<Ec2>;
  templates(): Promise<HostTemplates>;
  token(): Promise<string | undefined>;
}

/** AWS, as the commands that work over all targets see it. */
export function awsModule(paths: StackPaths, deps: AwsModuleDeps): TargetModule {
  return {
    name: 'aws',
    sweepsUnasked: false,
    // The operator's own key is the same on every cloud.
    hasTraces: async () => (await readSecret(paths, HOST_KEY)) !== undefined,
    status: async (record) => (record === undefined ? undefined : statusOf(record)),
    async open(record, context, purpose) {
      const ec2 = await deps.ec2();
      const account = await findAccount(ec2, context.signal);
      refuseElsewhere(record, { region: ec2.region, account });
      const resources = awsResources(ec2, { stack: paths.name, createdBy: '' });
      // A teardown removes what is on the VM with the VM.
      if (purpose === 'teardown') {
        const sshUser = recordedRequest(record?.request)?.sshUser ?? 'ubuntu';
        const access = async (of: ResourceContext) => vmAccess(paths, await resources.publicAddress(of), sshUser);
        const vm = { ...resources.instance, ...drainedFirst(resources.instance, record?.endpoints.a, access) };
        return awsTarget({ ...resources, instance: vm });
      }
      const sessions = new HostSessions();
      const request = recordedRequest(record?.request);
      const wanted = { elasticIp: request?.elasticIp ?? false, sshUser: request?.sshUser ?? 'ubuntu' };
      const vm = onVm(resources, wanted, { ...deps, paths, sessions, templates: await deps.templates() });
      const handles = [vm.host, vm.service] as unknown as Resource<unknown, unknown>[];
      return { ...awsTarget(resources, handles), close: () => sessions.close() };
    },
    forget: () => forgetSecretPair(paths, HOST_KEY),
    async logs(record, selection, kind, context) {
      const { a } = record?.endpoints ?? {};
      if (record === undefined || a === undefined || (selection !== undefined && selection !== 'a')) return [];
      const address = new URL(a).hostname;
      const user = recordedRequest(record.request)?.sshUser ?? 'ubuntu';
      return [
        remoteLog('a', kind, async (script) => {
          const access = await vmAccess(paths, address, user);
          return access === undefined ? '' : runThere(access, 'reading the log', script, { ...deps, ...context });
        }),
      ];
    },
  };
}

async function statusOf(record: TargetRecord): Promise<TargetStatus> {
  const status = recordedStatus('aws', record);
  const { a } = record.endpoints;
  if (a === undefined) return status;
  const reason = await healthReason(`${a}/health`);
  const [, service] = ON_VM;
  const resources = status.resources.map((each) => {
    if (each.key !== service || each.state !== 'recorded') return each;
    const seen = reason === undefined ? ({ state: 'healthy' } as const) : ({ state: 'unhealthy', reason } as const);
    return { ...each, ...seen, address: new URL(a).host };
  });
  return { ...status, resources, healthy: status.healthy && reason === undefined };
}
