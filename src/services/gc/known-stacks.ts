import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../errors.ts';
import { stackPaths } from '../stack/paths.ts';
import { readState, type TargetRecord } from '../stack/state.ts';

/**
 * Stacks whose state on this machine says that they are in one place of a cloud; an unreadable state counts as knowing.
 *
 * @param home chainctl's own folder
 * @param isHere whether a recorded request means that place
 */
export async function knownStacks(
  home: string,
  target: string,
  isHere: (request: TargetRecord['request']) => boolean,
): Promise<Set<string>> {
  const names = await readdir(join(home, 'stacks')).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const known = await Promise.all(
    names.map(async (name) => {
      try {
        const record = (await readState(stackPaths(home, name).state))?.targets[target];
        return record !== undefined && isHere(record.request) ? [name] : [];
      } catch {
        return [name];
      }
    }),
  );
  return new Set(known.flat());
}
