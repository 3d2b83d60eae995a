import { dirname } from 'node:path';
import { remedy } from '../../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { acquireLock } from '../stack/lock.ts';
import type { Place } from '../stack/places.ts';
import type { StackDeps } from '../stack/session.ts';
import { teardownStack } from '../stack/stack-teardown.ts';

/** The stack that only rehearsals use; what an earlier one left there may be taken down without asking. */
export const REHEARSAL_STACK = 'rehearsal';

/**
 * Makes this the only rehearsal of the stack until the returned function is called, and takes down what a killed one
 * left. Any other stack that already runs is refused: a rehearsal ends with a teardown.
 *
 * @throws RemedyError: exit 6 when another rehearsal runs, exit 3 when the stack is somebody's work
 */
export async function soleRehearsal(lock: string, place: Place, deps: StackDeps): Promise<() => Promise<void>> {
  const { provider, site } = place;
  const { paths } = site;
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
    if (!(await provider.hasTraces(site))) return unlock;
    if (paths.name !== REHEARSAL_STACK) {
      throw remedy.configuration(
        'stack-in-use',
        `stack ${paths.name} is running, and a rehearsal would end by taking it down`,
        ['leave --stack away', `or take it down first: chainctl teardown ${provider.name} --stack ${paths.name}`],
      );
    }
    deps.emit({ type: 'note', level: 'warn', text: 'an earlier rehearsal was killed; taking down what it left' });
    await teardownStack(paths, [place], deps);
    return unlock;
  } catch (error) {
    await unlock();
    throw error;
  }
}
