import type { Resource, Target } from '../../stack/resource.ts';
import { MAX_REPLICAS } from './flags.ts';
import {
  findStackProcesses,
  type LiveProcess,
  type ProcessDeps,
  type ServiceSpec,
  serviceProcess,
} from './service-process.ts';

const REPLICA = /^b-(\d+)$/;

/** Where each kind of process says that it can serve. The proxy's answer comes from a B behind it. */
export function healthPath(key: string): string {
  return key === 'engine' ? '/' : '/health';
}

function dependencies(key: string, replicas: readonly string[]): readonly string[] {
  if (key === 'proxy') return replicas;
  if (key === 'a') return ['engine', 'proxy'];
  return REPLICA.test(key) ? ['engine'] : [];
}

/** Whether the key is one of {@link replicaKeys}. */
export function isReplica(key: string): boolean {
  return REPLICA.test(key);
}

export function replicaKeys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `b-${index + 1}`);
}

/** The chain as processes of this machine: `engine`, `b-1` ... `b-N`, `proxy`, `a`. */
export function localProcess(
  key: string,
  deps: ProcessDeps,
  replicas = MAX_REPLICAS,
): Resource<ServiceSpec, LiveProcess> {
  const process = serviceProcess(key, dependencies(key, replicaKeys(replicas)), healthPath(key), deps);
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
