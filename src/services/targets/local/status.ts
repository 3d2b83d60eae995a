import { healthReason } from '../../stack/health-status.ts';
import type { TargetRecord } from '../../stack/state.ts';
import type { ResourceStatus, TargetStatus } from '../../stack/target-status.ts';
import { definitionOf } from '../../workloads/catalog.ts';
import { LOOPBACK } from './ports.ts';
import { frontOf } from './replicas.ts';
import { localRequestSchema } from './request.ts';
import { findStackProcesses, type LiveProcess, type ProcessDeps } from './service-process.ts';
import { healthPath } from './target.ts';

/**
 * What of the local target is recorded, what is really there, and whether it is healthy. Reads only.
 *
 * @returns undefined when nothing is recorded and nothing is found
 */
export async function localStatus(
  recorded: TargetRecord | undefined,
  processes: Pick<ProcessDeps, 'folder' | 'listProcesses'>,
): Promise<TargetStatus | undefined> {
  const live = new Map((await findStackProcesses(processes)).map((each) => [each.key, each]));
  if (recorded === undefined && live.size === 0) return undefined;
  const keys = [...new Set([...Object.keys(recorded?.resources ?? {}), ...live.keys()])].sort();
  const resources = await Promise.all(
    keys.map((key) => resourceStatus(key, live.get(key), recorded?.resources[key]?.since)),
  );
  const complete = recorded?.deployedAt !== undefined;
  const endpoints = Object.entries(recorded?.endpoints ?? {});
  const request = localRequestSchema.safeParse(recorded?.request);
  return {
    target: 'local',
    ...(recorded?.deployedAt === undefined ? {} : { since: recorded.deployedAt }),
    complete,
    ...(recorded?.auth === undefined ? {} : { auth: recorded.auth }),
    simulated: request.success ? request.data.engine === 'sim' : live.has('engine'),
    endpoints: Object.fromEntries(endpoints.filter(([name]) => live.has(frontOf(definitionOf(name))))),
    resources,
    healthy: complete && resources.length > 0 && resources.every(({ state }) => state === 'healthy'),
  };
}

async function resourceStatus(
  key: string,
  live: LiveProcess | undefined,
  since: string | undefined,
): Promise<ResourceStatus> {
  const when = since === undefined ? {} : { since };
  if (live === undefined) return { key, state: 'gone', ...when, reason: 'its process is not running' };
  const address = `${LOOPBACK}:${live.port}`;
  const reason = await healthReason(`http://${address}${healthPath(key)}`);
  const state = reason !== undefined ? 'unhealthy' : since === undefined ? 'unrecorded' : 'healthy';
  return { key, state, ...when, pid: live.pid, address, ...(reason === undefined ? {} : { reason }) };
}
