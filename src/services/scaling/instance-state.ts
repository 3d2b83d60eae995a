import type { GroupSample, InstanceSample } from './types.ts';

/** What of a group's instances is known, at one look or over a whole timeline. */
export interface Knowledge {
  /** Whether autohealing (or the process table) says who is well. */
  readonly health: boolean;
  /** Whether the load balancer says who gets requests. */
  readonly backend: boolean;
}

/**
 * How many instances have come how far. The counts nest: whoever serves is healthy and runs, too. An instance that is on
 * its way out is in `leaving` and nowhere else. `healthy` and `serving` are undefined where nobody tells.
 */
export interface StateCounts {
  readonly creating: number;
  readonly running: number;
  readonly healthy?: number;
  readonly serving?: number;
  readonly leaving: number;
}

const COMING_BACK: readonly string[] = ['RECREATING', 'RESTARTING', 'REFRESHING', 'STARTING', 'RESUMING'];
const GOING: readonly string[] = ['DELETING', 'ABANDONING', 'STOPPING', 'SUSPENDING'];
const ENDING: readonly string[] = ['STOPPING', 'STOPPED', 'TERMINATED', 'SUSPENDING', 'SUSPENDED'];

/** Whether it is being removed; one that is replaced under its own name is not. */
export function isLeaving({ action = 'NONE', status = '' }: InstanceSample): boolean {
  return GOING.includes(action) || (ENDING.includes(status) && !COMING_BACK.includes(action));
}

/** Whether its machine or process runs. */
export function isRunning(instance: InstanceSample): boolean {
  const { status, health, backend } = instance;
  if (isLeaving(instance)) return false;
  // Who answers a health check runs, whether or not anybody says so.
  return status === undefined ? health === 'HEALTHY' || backend === 'HEALTHY' : status === 'RUNNING';
}

/** Whether its own health check finds it well: autohealing's, else the load balancer's; undefined where nobody tells. */
export function isHealthy(instance: InstanceSample, known: Knowledge): boolean | undefined {
  if (!known.health && !known.backend) return undefined;
  const { health, backend } = instance;
  return isRunning(instance) && (known.health ? health : backend) === 'HEALTHY';
}

/** Whether it is given requests: the load balancer finds it healthy; where there is none, it is healthy. */
export function isServing(instance: InstanceSample, known: Knowledge): boolean | undefined {
  if (!known.backend) return isHealthy(instance, known);
  return isRunning(instance) && instance.backend === 'HEALTHY';
}

/** How far an instance has come, in the order in which it gets there; then `leaving`. */
export type Stage = 'creating' | 'running' | 'healthy' | 'serving' | 'leaving';

/** The furthest stage that is known of. */
export function stageOf(instance: InstanceSample, known: Knowledge): Stage {
  if (isLeaving(instance)) return 'leaving';
  if (!isRunning(instance)) return 'creating';
  if (isServing(instance, known)) return 'serving';
  return isHealthy(instance, known) ? 'healthy' : 'running';
}

/** What these looks, taken together, know: one that tells of nobody's health does not make health known. */
export function knowledgeOf(groups: Iterable<GroupSample>): Knowledge {
  let health = false;
  let backend = false;
  for (const { instances } of groups) {
    health ||= instances.some((instance) => instance.health !== undefined);
    backend ||= instances.some((instance) => instance.backend !== undefined);
  }
  return { health, backend };
}

export function countStates({ instances }: GroupSample, known: Knowledge): StateCounts {
  const count = (is: (instance: InstanceSample) => boolean | undefined) => instances.filter(is).length;
  const told = known.health || known.backend || instances.length === 0;
  const leaving = count(isLeaving);
  const running = count(isRunning);
  return {
    creating: instances.length - leaving - running,
    running,
    ...(told ? { healthy: count((instance) => isHealthy(instance, known)) } : {}),
    ...(told ? { serving: count((instance) => isServing(instance, known)) } : {}),
    leaving,
  };
}
