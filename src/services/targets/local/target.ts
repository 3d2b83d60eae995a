import type { Resource, Target } from '../../stack/resource.ts';
import { serviceNamed } from '../../workloads/catalog.ts';
import { MAX_REPLICAS } from './flags.ts';
import { behind, frontOf, replicaKeys, replicaOf } from './replicas.ts';
import {
  findStackProcesses,
  type LiveProcess,
  type ProcessDeps,
  type ServiceSpec,
  serviceProcess,
} from './service-process.ts';

/** Where each kind of process says that it can serve. A proxy's answer comes from a replica behind it. */
export function healthPath(key: string): string {
  return key === 'engine' ? '/' : '/health';
}

function dependencies(key: string, replicas: number): readonly string[] {
  if (key === 'engine') return [];
  const replicated = behind(key);
  if (replicated !== undefined) return replicaKeys(replicated, replicas);
  const needs = (serviceNamed(replicaOf(key) ?? key)?.needs ?? []).flatMap((need) => serviceNamed(need) ?? []);
  return ['engine', ...needs.map(frontOf)];
}

/** The chain as processes of this machine: `engine`, `b-1` ... `b-N`, `proxy`, `a`, by the services' names. */
export function localProcess(
  key: string,
  deps: ProcessDeps,
  replicas = MAX_REPLICAS,
): Resource<ServiceSpec, LiveProcess> {
  const process = serviceProcess(key, dependencies(key, replicas), healthPath(key), deps);
  // They know each other by port only, and find each other again.
  return { ...process, whenReplaced: () => 'same' };
}

export function localTarget(deps: ProcessDeps): Target {
  return {
    name: 'local',
    async discover() {
      return [...new Set((await findStackProcesses(deps)).map(({ key }) => key))];
    },
    handle: (key) => localProcess(key, deps) as Resource<unknown, unknown>,
  };
}
