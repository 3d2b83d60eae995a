import { reasonOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { remoteLog } from '../host/remote-logs.ts';
import { runThere } from '../host/run-there.ts';
import type { LogKind, LogSource } from '../stack/log-source.ts';
import type { StackPaths } from '../stack/paths.ts';
import type { ResourceContext } from '../stack/resource.ts';
import type { Compute } from './compute.ts';
import { vmAccessB } from './ssh-command.ts';
import { type GroupVm, listVms } from './vms.ts';

interface LogDeps {
  compute(): Promise<Compute>;
  readonly paths: StackPaths;
  readonly clock: Clock;
}

interface Reading extends LogDeps {
  readonly kind: LogKind;
  readonly context: Pick<ResourceContext, 'emit' | 'signal'>;
  /** What has been said already of VMs whose logs cannot be read: not said again while they are followed. */
  readonly told: Set<string>;
}

/** Who follows logs asks for them several times a second; the group changes more slowly. */
const LIST_MS = 10_000;

/**
 * Reads the logs of service B on every VM of the group; of a VM that cannot be reached, a note says why, once.
 *
 * @returns a function that can be called again and again, and then finds VMs that have come
 */
export function groupLogs(deps: LogDeps) {
  const told = new Set<string>();
  let vms: readonly GroupVm[] = [];
  let listedAt: number | undefined;
  return async (reading: Pick<Reading, 'kind' | 'context'>): Promise<LogSource[]> => {
    const now = deps.clock.monotonic();
    if (listedAt === undefined || now - listedAt > LIST_MS) {
      vms = await listVms(await deps.compute(), deps.paths.name, reading.context.signal);
      listedAt = now;
    }
    return vms.filter(({ builder }) => !builder).map((vm) => vmLog(vm, { ...deps, ...reading, told }));
  };
}

/** Named by the end of the VM's name, which is what tells it from the others. */
function vmLog(vm: GroupVm, { paths, clock, kind, context, told }: Reading): LogSource {
  const silent = (reason: string) => {
    if (!told.has(vm.name)) context.emit({ type: 'note', level: 'warn', text: `no log of ${vm.name}: ${reason}` });
    told.add(vm.name);
    return '';
  };
  const run = async (script: string): Promise<string> => {
    if (vm.status !== 'RUNNING') return silent(`it is ${vm.status}`);
    const access = await vmAccessB(paths, vm);
    if (access === undefined) return silent(`it has no public address; see "chainctl ssh b ${vm.name}"`);
    try {
      return await runThere(access, 'reading the log', script, { ...context, clock });
    } catch (error) {
      context.signal.throwIfAborted();
      return silent(reasonOf(error));
    }
  };
  return remoteLog('b', kind, run, `b-${vm.name.split('-').at(-1)}`);
}
