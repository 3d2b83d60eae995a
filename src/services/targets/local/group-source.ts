import { request } from 'undici';
import { z } from 'zod';
import { remedy } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { GroupSource, InstanceSample } from '../../stack/group.ts';
import { healthReason } from '../../stack/health-status.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { stackOption } from '../../stack/stack-option.ts';
import { type ResourceRecord, readState, type TargetRecord } from '../../stack/state.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import { LOOPBACK } from './ports.ts';
import { isReplicated, pathsOf, replicaOf } from './replicas.ts';
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
      const keys = [...new Set([...Object.keys(record.resources), ...live.keys()])];
      const own = keys.filter((key) => replicaOf(key) === replicated?.name).sort(BY_NUMBER);
      const [backends, healths] = await Promise.all([
        readProxy(live.get('proxy'), signal),
        Promise.all(own.map((key) => isHealthy(live.get(key)))),
      ]);
      const instances = own.map((key, index) =>
        instanceOf(key, record.resources[key], { live: live.get(key), healthy: healths[index] === true, backends }),
      );
      const targetSize = localRequestSchema.safeParse(record.request).data?.replicas;
      const settled = instances.every(
        ({ name, stage }) =>
          ['healthy', 'serving'].includes(stage) && (record.resources[name]?.status ?? 'ready') === 'ready',
      );
      return {
        at,
        ...(targetSize === undefined ? {} : { targetSize }),
        stable: record.deployedAt !== undefined && settled && instances.length === (targetSize ?? instances.length),
        instances,
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

interface Seen {
  readonly live: LiveProcess | undefined;
  readonly healthy: boolean;
  /** What the proxy says: where there is none, a healthy replica serves. */
  readonly backends: Awaited<ReturnType<typeof readProxy>>;
}

async function isHealthy(live: LiveProcess | undefined): Promise<boolean> {
  if (live === undefined) return false;
  return (await healthReason(`http://${LOOPBACK}:${live.port}${pathsOf(live.key).health}`)) === undefined;
}

function instanceOf(
  key: string,
  record: ResourceRecord | undefined,
  { live, healthy, backends }: Seen,
): InstanceSample {
  const { status = 'ready', since = '' } = record ?? {};
  const createdAt = Date.parse(since);
  const backend = backends?.get(key);
  const known = {
    name: key,
    ...(Number.isNaN(createdAt) ? {} : { createdAt }),
    detail: {
      record: status,
      health: live === undefined ? 'no process' : healthy ? 'healthy' : 'unhealthy',
      ...(backend === undefined ? {} : { proxy: backend ? 'in' : 'out' }),
    },
  };
  if (live === undefined) {
    return { ...known, stage: status === 'creating' || status === 'updating' ? 'creating' : 'leaving' };
  }
  const running = { ...known, template: live.spec };
  if (status === 'removing') return { ...running, stage: 'leaving' };
  if (!healthy) return { ...running, stage: 'running', ...(status === 'ready' ? { unwell: true } : {}) };
  return { ...running, stage: backends === undefined || backend === true ? 'serving' : 'healthy' };
}

/** `b-2` before `b-10`. */
const BY_NUMBER = new Intl.Collator('en', { numeric: true }).compare;

const TIMEOUT_MS = 2000;

const proxyStatus = z.looseObject({ backends: z.array(z.looseObject({ name: z.string(), healthy: z.boolean() })) });

/**
 * Which replicas the local proxy has in rotation, as it tells itself.
 *
 * @returns by name; undefined when it does not answer, which a group without a load balancer does not either
 */
async function readProxy(proxy: LiveProcess | undefined, signal: AbortSignal) {
  if (proxy === undefined) return undefined;
  try {
    const { statusCode, body } = await request(`http://${LOOPBACK}:${proxy.port}${pathsOf(proxy.key).inFlight}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      reset: true,
    });
    const { backends } = proxyStatus.parse(await body.json());
    return statusCode === 200 ? new Map(backends.map(({ name, healthy }) => [name, healthy])) : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
