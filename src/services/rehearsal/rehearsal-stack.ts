import { dirname } from 'node:path';
import { ExitCode, RemedyError } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { acquireLock } from '../stack/lock.ts';
import type { StackPaths } from '../stack/paths.ts';
import type { StackDeps } from '../stack/session.ts';
import type { LocalRequest } from '../targets/local/request.ts';
import { findStackProcesses, type ProcessDeps } from '../targets/local/service-process.ts';
import { teardownLocal } from '../targets/local/teardown.ts';

/** The stack that only rehearsals use; what an earlier one left there may be taken down without asking. */
export const REHEARSAL_STACK = 'rehearsal';

/**
 * A small machine: about 13 chains a second (each 60 output tokens at 1200/s and some 480 prompt tokens at 20,000/s),
 * so that a short ladder shows both sides of the knee.
 */
export function rehearsalRequest(replicas: number): LocalRequest {
  return {
    replicas,
    engine: 'sim',
    modelA: 'tinyllama',
    modelB: 'phi3:mini',
    minProcessSeconds: 0.2,
    portA: 0,
    portB: 0,
    ollamaUrl: '',
    sim: { outputTokensPerSecond: 1200, promptTokensPerSecond: 20_000, parallel: 1 },
  };
}

/**
 * Makes this the only rehearsal of the stack until the returned function is called, and takes down what a killed one
 * left. Any other stack that already runs is refused: a rehearsal ends with a teardown.
 *
 * @throws RemedyError: exit 6 when another rehearsal runs, exit 3 when the stack is somebody's work
 */
export async function soleRehearsal(
  lock: string,
  paths: StackPaths,
  deps: StackDeps & { readonly processes: ProcessDeps },
): Promise<() => Promise<void>> {
  await makeFolder(dirname(lock), 0o700);
  const since = new Date(deps.clock.now()).toISOString();
  const { release: unlock } = await acquireLock(lock, {
    self: { ...deps.self, since },
    stack: paths.name,
    now: deps.clock.now,
    isAlive: deps.isAlive,
    onTakeover: () => {},
  });
  try {
    const left = await findStackProcesses(deps.processes);
    if (left.length === 0) return unlock;
    if (paths.name !== REHEARSAL_STACK) {
      throw new RemedyError(`stack ${paths.name} is running, and a rehearsal would end by taking it down`, {
        code: 'stack-in-use',
        exit: ExitCode.configuration,
        nextSteps: ['leave --stack away', `or take it down first: chainctl teardown local --stack ${paths.name}`],
      });
    }
    deps.emit({ type: 'note', level: 'warn', text: 'an earlier rehearsal was killed; taking down what it left' });
    await teardownLocal(paths, deps);
    return unlock;
  } catch (error) {
    await unlock();
    throw error;
  }
}
