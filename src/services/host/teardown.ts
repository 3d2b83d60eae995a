import { RemedyError } from '../../errors.ts';
import type { StackPaths } from '../stack/paths.ts';
import { type StackDeps, withStack } from '../stack/session.ts';
import { type TeardownReport, teardownTarget } from '../stack/teardown.ts';
import { forgetPins, pinsPath, readPins } from './pins.ts';
import { HostSessions } from './sessions.ts';
import { hostTarget } from './target.ts';
import type { HostTemplates } from './templates.ts';

export interface HostDeps extends StackDeps {
  readonly templates: HostTemplates;
  /** Socket of the operator's SSH agent. */
  readonly agent: string | undefined;
}

/**
 * Takes this stack's services off the machines that `deploy host` put them on: containers, volumes, images and files of
 * theirs. Docker stays, and so do the images that were pulled.
 *
 * @throws RemedyError `host-unreachable` (5) when a machine cannot be asked: nothing is forgotten then
 */
export async function teardownHost(paths: StackPaths, deps: HostDeps): Promise<TeardownReport> {
  const sessions = new HostSessions();
  try {
    return await withStack(paths, 'host', deps, async (steps) => {
      const target = hostTarget(await readPins(paths), { ...deps, stack: paths.name, sessions });
      const report = await teardownTarget(target, steps).catch((error: unknown) => {
        throw withWayOut(error, paths);
      });
      if (report.leftovers.length === 0) await forgetPins(paths);
      return report;
    });
  } finally {
    await sessions.close();
  }
}

/** A machine that is gone for good must not hold the stack for ever; but only a person can know that it is. */
function withWayOut(error: unknown, paths: StackPaths): unknown {
  if (!(error instanceof RemedyError) || !['host-unreachable', 'host-key-changed'].includes(error.code)) return error;
  const { code, exit, nextSteps, cause } = error;
  const steps = [...nextSteps, `if the machine no longer exists, forget it and tear down again: rm ${pinsPath(paths)}`];
  return new RemedyError(error.message, { code, exit, nextSteps: steps, cause });
}
