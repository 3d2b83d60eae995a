import { remedy } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { GroupSource, InstanceSample } from '../../stack/group.ts';
import { healthReason } from '../../stack/health-status.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { stackOption } from '../../stack/stack-option.ts';
import { type ResourceRecord, readState, type TargetRecord } from '../../stack/state.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import { LOOPBACK } from './ports.ts';
import { readProxy } from './proxy-view.ts';
import { isReplicated, replicaOf } from './replicas.ts';
import { localRequestSchema } from './request.ts';
import { findStackProcesses, type LiveProcess, type ProcessDeps } from './service-process.ts';

interface LocalSourceDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly processes: Pick<ProcessDeps, 'folder' | 'listProcesses'>;
}

/**
 * The replicas of B on this machine as a group: what the last `deploy local` asked for is the target size, the processes
 * are the instances, and the proxy in front of them is the load balancer. Nothing scales them but the operator.
 *
 * @throws RemedyError `no-stack` (exit 3) when the stack has no chain on this machine
 */
export async function localSource(paths: StackPaths, deps: LocalSourceDeps): Promise<GroupSource> {
  const [replicated] = SERVICES.filter(isReplicated);
  const url = (await readLocal(paths)).endpoints[replicated?.name ?? ''];
  return {
    name: `replicas of ${paths.name}`,
    ...(url === undefined ? {} : { url }),
    async sample(signal) {
      const at = deps.clock.now();
      const [record, processes] = await Promise.all([readLocal(paths), findStackProcesses(deps.processes)]);
      const live = new Map(processes.map((each) => [each.key, each]));
      const proxy = live.get('proxy');
      const keys = [...new Set([...Object.keys(record.resources), ...live.keys()])].filter(
        (key) => replicaOf(key) === replicated?.name,
      );
      const [backends, instances] = await Promise.all([
        proxy === undefined ? undefined : readProxy(`http://${LOOPBACK}:${proxy.port}`, signal),
        Promise.all(keys.sort(byNumber).map((key) => instanceOf(key, live.get(key), record.resources[key]))),
      ]);
      const request = localRequestSchema.safeParse(record.request);
      const targetSize = request.success ? request.data.replicas : undefined;
      const settled = instances.every(
        ({ name, stage }) => stage === 'healthy' && (record.resources[name]?.status ?? 'ready') === 'ready',
      );
      return {
        at,
        ...(targetSize === undefined ? {} : { targetSize }),
        stable: record.deployedAt !== undefined && settled && instances.length === (targetSize ?? instances.length),
        instances: instances.map((instance) => behindProxy(instance, backends)),
        healthKnown: true,
        errors: [],
      };
    },
  };
}

async function readLocal(paths: StackPaths): Promise<TargetRecord> {
  const record = (await readState(paths.state))?.targets.local;
  if (record !== undefined) return record;
  const on = stackOption(paths.name);
  throw remedy.configuration(
    'no-stack',
    `stack ${paths.name} has no chain on this machine whose replicas could be watched`,
    [`deploy one: chainctl deploy local${on}`],
  );
}

/** A replica by itself, as far as `healthy`. */
async function instanceOf(
  key: string,
  live: LiveProcess | undefined,
  record: ResourceRecord | undefined,
): Promise<InstanceSample> {
  const { status = 'ready', since = '' } = record ?? {};
  const createdAt = Date.parse(since);
  const known = { name: key, ...(Number.isNaN(createdAt) ? {} : { createdAt }) };
  if (live === undefined) {
    const stage = status === 'creating' || status === 'updating' ? 'creating' : 'leaving';
    return { ...known, stage, detail: { record: status, health: 'no process' } };
  }
  const healthy = (await healthReason(`http://${LOOPBACK}:${live.port}/health`)) === undefined;
  return {
    ...known,
    stage: status === 'removing' ? 'leaving' : healthy ? 'healthy' : 'running',
    ...(!healthy && status === 'ready' ? { unwell: true } : {}),
    detail: { record: status, health: healthy ? 'healthy' : 'unhealthy' },
    template: live.spec,
  };
}

/** With what the proxy says of it: where there is none, a healthy replica serves. */
function behindProxy(replica: InstanceSample, backends: ReadonlyMap<string, boolean> | undefined): InstanceSample {
  const backend = backends?.get(replica.name);
  const serves = replica.stage === 'healthy' && (backends === undefined || backend === true);
  return {
    ...replica,
    ...(serves ? { stage: 'serving' } : {}),
    ...(backend === undefined ? {} : { detail: { ...replica.detail, proxy: backend ? 'in' : 'out' } }),
  };
}

/** `b-2` before `b-10`. */
function byNumber(a: string, b: string): number {
  return Number(/\d+$/.exec(a)) - Number(/\d+$/.exec(b));
}
