import { reasonOf } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import { remoteLog } from '../../machine/remote-logs.ts';
import { runThere } from '../../machine/sessions.ts';
import { isFinal } from '../../scaling/watch.ts';
import type { LogKind, LogSource } from '../../stack/log-source.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import { passing } from './errors.ts';
import { vmAccessB } from './ssh-command.ts';
import { type GroupVm, listVms } from './vms.ts';

interface LogDeps {
  compute(): Promise<Compute>;
  readonly paths: StackPaths;
  /** Name of the service that the VMs run. */
  readonly service: string;
  readonly clock: Clock;
}

interface Reading extends LogDeps {
  readonly kind: LogKind;
  readonly context: Pick<ResourceContext, 'emit' | 'signal'>;
  /** What has been said already of VMs whose logs cannot be read: not said again while they are followed. */
  readonly told: Set<string>;
  /** As the group was listed last: a log that is followed outlives many lists. */
  vm(name: string): GroupVm | undefined;
}

/** Who follows logs asks for them several times a second; the group changes more slowly. */
const LIST_MS = 10_000;

/**
 * Reads the logs of the service on every VM of the group; of a VM that cannot be reached, a note says why, once. Logs come
 * over SSH: that the group cannot be listed for a while is said, too, and the VMs that are known are read on.
 *
 * @returns a function that can be called again and again, and then finds VMs that have come
 */
export function groupLogs(deps: LogDeps) {
  const told = new Set<string>();
  let vms: readonly GroupVm[] = [];
  let listedAt: number | undefined;
  return async (kind: LogKind, context: Reading['context']): Promise<LogSource[]> => {
    const now = deps.clock.monotonic();
    if (listedAt === undefined || now - listedAt > LIST_MS) {
      const compute = await deps.compute();
      try {
        vms = await listVms(compute, deps.paths.name, context.signal);
      } catch (error) {
        if (listedAt === undefined || context.signal.aborted || isFinal(passing(error))) throw error;
        sayOnce({ context, told }, 'the list', `the VMs of the group cannot be listed: ${reasonOf(error)}`);
      }
      listedAt = now;
    }
    const vm = (name: string) => vms.find((each) => each.name === name);
    return vms.filter(({ builder }) => !builder).map(({ name }) => vmLog(name, { ...deps, kind, context, told, vm }));
  };
}

/** @param about what it is told of once, as texts may have times in them */
function sayOnce({ context, told }: Pick<Reading, 'context' | 'told'>, about: string, text: string): void {
  if (!told.has(about)) context.emit({ type: 'note', level: 'warn', text });
  told.add(about);
}

/** Named by the end of the VM's name, which is what tells it from the others. */
function vmLog(name: string, reading: Reading): LogSource {
  const { paths, clock, service, kind, context } = reading;
  const silent = (reason: string, about = reason) => {
    sayOnce(reading, `${name}: ${about}`, `no log of ${name}: ${reason}`);
    return '';
  };
  const run = async (script: string): Promise<string> => {
    const vm = reading.vm(name);
    if (vm === undefined) return silent('it is no longer there');
    if (vm.status !== 'RUNNING') return silent(`it is ${vm.status}`);
    const access = await vmAccessB(paths, vm);
    if (access === undefined) return silent(`it has no public address; see "chainctl ssh ${service} ${name}"`);
    try {
      return await runThere(access, 'reading the log', script, { ...context, clock });
    } catch (error) {
      context.signal.throwIfAborted();
      return silent(reasonOf(error), 'not reached');
    }
  };
  return remoteLog(service, kind, run, `${service}-${name.split('-').at(-1)}`);
}
