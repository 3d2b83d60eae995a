import { reasonOf } from '../../../errors.ts';
import { askInFlight, cutOffText, drainReason } from '../../chain/drain.ts';
import type { HostAccess } from '../../machine/access.ts';
import { HostSessions } from '../../machine/sessions.ts';
import { STOP_TIMEOUT_SECONDS, stopScript, tellCutOff } from '../../machine/stop.ts';
import type { Resource, ResourceContext } from '../../stack/resource.ts';

/**
 * The VM, whose service ends what it has in flight before it is removed: the end of a VM takes its engine away at once.
 * Nobody is logged in to where it has nothing in flight, or does not say so to this machine.
 *
 * @param url base URL of the service
 * @param accessTo how the VM is reached; undefined where it is not
 */
export function drainedFirst<Spec, Live>(
  vm: Resource<Spec, Live>,
  service: string,
  url: string | undefined,
  accessTo: (context: ResourceContext) => Promise<HostAccess | undefined>,
): Resource<Spec, Live> {
  const drain = async (open: number, context: ResourceContext) => {
    const { emit, signal } = context;
    const waiting = (reason: string) => emit({ type: 'step-waiting', key: vm.key, action: 'remove', reason });
    waiting(drainReason(open));
    const access = await accessTo(context);
    const sessions = new HostSessions();
    try {
      if (access === undefined) throw new Error('no key to its VM');
      const what = `stopping service ${service.toUpperCase()}`;
      const output = await sessions.use(access, context, { waitSeconds: 0, attempts: 1, waiting }, (session) =>
        session.exec(stopScript(service), { what, timeoutSeconds: STOP_TIMEOUT_SECONDS, signal }),
      );
      tellCutOff(`service-${service}`, output, context);
    } catch (error) {
      signal.throwIfAborted();
      emit({ type: 'note', level: 'warn', text: `${cutOffText(`service-${service}`, open)}: ${reasonOf(error)}` });
    } finally {
      await sessions.close();
    }
  };
  return {
    ...vm,
    async remove(context, live) {
      const open = url === undefined ? 0 : ((await askInFlight(`${url}/health`))?.open ?? 0);
      if (open > 0) await drain(open, context);
      await vm.remove(context, live);
    },
  };
}
