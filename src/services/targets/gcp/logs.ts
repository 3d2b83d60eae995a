import { reasonOf } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import { remoteLog } from '../../machine/remote-logs.ts';
import { runThere } from '../../machine/sessions.ts';
import { isFinal } from '../../scaling/watch.ts';
import type { LogKind, LogSource } from '../../stack/log-source.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { LookContext } from '../../stack/provider.ts';
import type { Compute } from './compute.ts';
import { passing } from './errors.ts';
import { type GroupVm, listVms, vmAccessB } from './vms.ts';

interface LogDeps {
  compute(): Promise<Compute>;
  readonly paths: StackPaths;
  /** Name of the service that the VMs run. */
  readonly service: string;
  readonly clock: Clock;
}

/** Who follows logs asks for them several times a second; the group changes more slowly. */
const LIST_MS = 10_000;

/**
 * Reads the logs of the service on every VM of the group; of a VM that cannot be reached, a note says why, once. Logs come
 * over SSH: that the group cannot be listed for a while is said, too, and the VMs that are known are read on.
 *
 * @returns a function that can be called again and again, and then finds VMs that have come
 */
export function groupLogs({ compute, paths, service, clock }: LogDeps) {
  // What has been said already is not said again while the logs are followed.
  const told = new Set<string>();
  // As the group was listed last: a log that is followed outlives many lists.
  let vms: readonly GroupVm[] = [];
  let listedAt: number | undefined;

  /** @param about what it is told of once, as texts may have times in them */
  const sayOnce = ({ emit }: LookContext, about: string, text: string) => {
    if (!told.has(about)) emit({ type: 'note', level: 'warn', text });
    told.add(about);
  };
  const scriptAt = async (name: string, script: string, context: LookContext): Promise<string> => {
    const silent = (reason: string, about = reason) => {
      sayOnce(context, `${name}: ${about}`, `no log of ${name}: ${reason}`);
      return '';
    };
    const vm = vms.find((each) => each.name === name);
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
  return async (kind: LogKind, context: LookContext): Promise<LogSource[]> => {
    const now = clock.monotonic();
    if (listedAt === undefined || now - listedAt > LIST_MS) {
      const opened = await compute();
      try {
        vms = await listVms(opened, paths.name, context.signal);
      } catch (error) {
        if (listedAt === undefined || context.signal.aborted || isFinal(passing(error))) throw error;
        sayOnce(context, 'the list', `the VMs of the group cannot be listed: ${reasonOf(error)}`);
      }
      listedAt = now;
    }
    const serving = vms.filter(({ builder }) => !builder);
    // Named by the end of the VM's name, which is what tells it from the others.
    return serving.map(({ name }) =>
      remoteLog(service, kind, (script) => scriptAt(name, script, context), `${service}-${name.split('-').at(-1)}`),
    );
  };
}
