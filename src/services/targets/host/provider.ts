import { RemedyError } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import { remoteLog } from '../../machine/remote-logs.ts';
import { runThere } from '../../machine/run-there.ts';
import { HostSessions } from '../../machine/sessions.ts';
import type { HostTemplates } from '../../machine/templates.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { TargetModule } from '../../stack/target-module.ts';
import { recordedStatus } from '../../stack/target-status.ts';
import { forgetPins, pinsPath, readPins } from './pins.ts';
import { accessOf, hostTarget, SERVICES } from './target.ts';

/** What machines over SSH need of this one. */
export interface HostModuleDeps {
  readonly clock: Clock;
  readonly templates: () => Promise<HostTemplates>;
  /** Socket of the operator's SSH agent. */
  readonly agent: string | undefined;
}

/**
 * Machines of somebody else's. A teardown takes this stack's services off them: containers, volumes, images and files of
 * theirs; Docker stays, and so do the images that were pulled.
 */
export function hostModule(paths: StackPaths, { clock, templates, agent }: HostModuleDeps): TargetModule {
  return {
    name: 'host',
    sweepsUnasked: false,
    hasTraces: async () => Object.keys(await readPins(paths)).length > 0,
    status: async (record) => (record === undefined ? undefined : recordedStatus('host', record)),
    async open() {
      const sessions = new HostSessions();
      const target = hostTarget(await readPins(paths), {
        stack: paths.name,
        templates: await templates(),
        agent,
        sessions,
      });
      return { ...target, close: () => sessions.close() };
    },
    async logs(_record, selection, kind, context) {
      const pins = await readPins(paths);
      const chosen = SERVICES.filter((service) => selection === undefined || selection === service);
      return chosen.flatMap((service) => {
        const access = accessOf(pins[service], agent);
        const run = async (script: string) => {
          const there = await access();
          return there === undefined ? '' : runThere(there, 'reading the log', script, { clock, ...context });
        };
        return pins[service] === undefined ? [] : [remoteLog(service, kind, run)];
      });
    },
    forget: () => forgetPins(paths),
    explain: (error) => withWayOut(error, paths),
  };
}

/** A machine that is gone for good must not hold the stack for ever; but only a person can know that it is. */
function withWayOut(error: unknown, paths: StackPaths): unknown {
  if (!(error instanceof RemedyError) || !['host-unreachable', 'host-key-changed'].includes(error.code)) return error;
  const { code, exit, nextSteps, cause } = error;
  const steps = [...nextSteps, `if the machine no longer exists, forget it and tear down again: rm ${pinsPath(paths)}`];
  return new RemedyError(error.message, { code, exit, nextSteps: steps, cause });
}
