import { ExitCode, RemedyError } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { GroupSample, GroupSource, InstanceSample } from '../../scaling/types.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { stackOption } from '../../stack/stack-option.ts';
import { type ResourceRecord, readState, type TargetRecord } from '../../stack/state.ts';
import { LOOPBACK } from './ports.ts';
import { readProxy } from './proxy-view.ts';
import { localRequestSchema } from './request.ts';
import { findStackProcesses, healthReason, type LiveProcess, type ProcessDeps } from './service-process.ts';
import { isReplica } from './target.ts';

interface LocalSourceDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly processes: Pick<ProcessDeps, 'folder' | 'listProcesses'>;
}

/** What the state file calls an intent, in the words of a managed instance group. */
const ACTION: Readonly<Record<ResourceRecord['status'], string>> = {
  creating: 'CREATING',
  created: 'VERIFYING',
  updating: 'REFRESHING',
  removing: 'DELETING',
  ready: 'NONE',
};

/**
 * The replicas of B on this machine as a group: what the last `deploy local` asked for is the target size, the processes
 * are the instances, and the proxy in front of them is the load balancer. Nothing scales them but the operator.
 *
 * @throws RemedyError `no-stack` (exit 3) when the stack has no chain on this machine
 */
export async function localSource(paths: StackPaths, deps: LocalSourceDeps): Promise<GroupSource> {
  const url = (await readLocal(paths)).endpoints.b;
  return {
    name: `replicas of ${paths.name}`,
    ...(url === undefined ? {} : { url }),
    async sample(signal) {
      const at = deps.clock.now();
      const [record, processes] = await Promise.all([readLocal(paths), findStackProcesses(deps.processes)]);
      const live = new Map(processes.map((each) => [each.key, each]));
      const proxy = live.get('proxy');
      const keys = [...new Set([...Object.keys(record.resources), ...live.keys()])].filter(isReplica);
      const [backends, instances] = await Promise.all([
        proxy === undefined ? undefined : readProxy(`http://${LOOPBACK}:${proxy.port}`, signal),
        Promise.all(keys.sort(byNumber).map((key) => look(key, live.get(key), record.resources[key]))),
      ]);
      const request = localRequestSchema.safeParse(record.request);
      return sampleOf(
        at,
        request.success ? request.data.replicas : undefined,
        record.deployedAt !== undefined,
        instances.map((instance) => {
          const backend = backends?.get(instance.name);
          return backend === undefined ? instance : { ...instance, backend: backend ? 'HEALTHY' : 'UNHEALTHY' };
        }),
      );
    },
  };
}

/** A look, from what was found. */
function sampleOf(
  at: number,
  targetSize: number | undefined,
  deployed: boolean,
  instances: readonly InstanceSample[],
): GroupSample {
  const settled = instances.every(({ action, health }) => action === 'NONE' && health === 'HEALTHY');
  return {
    at,
    ...(targetSize === undefined ? {} : { targetSize }),
    stable: deployed && settled && (targetSize === undefined || instances.length === targetSize),
    instances,
    errors: [],
  };
}

async function readLocal(paths: StackPaths): Promise<TargetRecord> {
  const record = (await readState(paths.state))?.targets.local;
  if (record !== undefined) return record;
  const on = stackOption(paths.name);
  throw new RemedyError(`stack ${paths.name} has no chain on this machine whose replicas could be watched`, {
    code: 'no-stack',
    exit: ExitCode.configuration,
    nextSteps: [
      `bring one up with "chainctl deploy local${on}"`,
      'or name a group: chainctl scale-watch --project P --zone europe-west3-c --group llm-b-mig',
    ],
  });
}

async function look(
  key: string,
  live: LiveProcess | undefined,
  record: ResourceRecord | undefined,
): Promise<InstanceSample> {
  const action = record === undefined ? 'NONE' : ACTION[record.status];
  const since = record === undefined ? Number.NaN : Date.parse(record.since);
  const known = { name: key, action, ...(Number.isNaN(since) ? {} : { createdAt: since }) };
  if (live === undefined) return { ...known, status: action === 'CREATING' ? 'PROVISIONING' : 'TERMINATED' };
  const reason = await healthReason(`http://${LOOPBACK}:${live.port}/health`);
  return { ...known, status: 'RUNNING', health: reason === undefined ? 'HEALTHY' : 'UNHEALTHY', template: live.spec };
}

/** `b-2` before `b-10`. */
function byNumber(a: string, b: string): number {
  return Number(a.slice('b-'.length)) - Number(b.slice('b-'.length));
}
