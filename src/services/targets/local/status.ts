import { healthReason } from '../../stack/health-status.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { type ResourceStatus, recordedStatus, type TargetStatus } from '../../stack/target-status.ts';
import { definitionOf } from '../../workloads/catalog.ts';
import { engineText, pipelineOf } from './engine-text.ts';
import { LOOPBACK } from './ports.ts';
import { frontOf, pathsOf } from './replicas.ts';
import { localRequestSchema } from './request.ts';
import { findStackProcesses, type LiveProcess, type ProcessDeps } from './service-process.ts';

/**
 * What of the local target is recorded, what is really there, and whether it is healthy. Reads only.
 *
 * @returns undefined when nothing is recorded and nothing is found
 */
export async function localStatus(
  record: TargetRecord | undefined,
  processes: Pick<ProcessDeps, 'folder' | 'listProcesses'>,
): Promise<TargetStatus | undefined> {
  const live = new Map((await findStackProcesses(processes)).map((each) => [each.key, each]));
  if (record === undefined && live.size === 0) return undefined;
  const { resources: recorded, ...rest } = record ?? { resources: {}, endpoints: {} };
  const keys = [...new Set([...Object.keys(recorded), ...live.keys()])].sort();
  const resources = await Promise.all(keys.map((key) => resourceStatus(key, live.get(key), recorded[key]?.since)));
  const status = recordedStatus('local', { ...rest, resources: {} });
  const endpoints = Object.entries(status.endpoints).filter(([name]) => live.has(frontOf(definitionOf(name))));
  const request = localRequestSchema.safeParse(record?.request).data;
  return {
    ...status,
    ...(request === undefined ? {} : { engine: engineText(request), ...pipelineOf(request) }),
    simulated: request === undefined ? live.has('engine') : request.engine === 'sim',
    endpoints: Object.fromEntries(endpoints),
    resources,
    healthy: status.complete && resources.length > 0 && resources.every(({ state }) => state === 'healthy'),
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
  const reason = await healthReason(`http://${address}${pathsOf(key).health}`);
  const state = reason !== undefined ? 'unhealthy' : since === undefined ? 'unrecorded' : 'healthy';
  return { key, state, ...when, pid: live.pid, address, ...(reason === undefined ? {} : { reason }) };
}
