import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { hasCode, reasonOf, remedy } from '../../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { writeDurably } from '../../files/write-durably.ts';
import { writeFault } from '../../files/write-fault.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { shellWord } from '../../words.ts';

/** A machine of somebody else's on which a stack has a service: how to reach it, and its pinned key. No secrets. */
const pinSchema = z.object({
  user: z.string(),
  address: z.string(),
  port: z.number().int(),
  hostKey: z.string(),
  /** Path of the private key; without one, the SSH agent is asked. */
  identity: z.string().optional(),
});

/** By the names of services. */
const fileSchema = z.record(z.string(), pinSchema);

export type HostPin = z.infer<typeof pinSchema>;
export type HostPins = z.infer<typeof fileSchema>;

/** Beside the state and not in it: with the state lost, a teardown still knows where to look, and whom to trust. */
export function pinsPath(paths: StackPaths): string {
  return join(paths.folder, 'hosts.json');
}

/** @throws RemedyError (exit 3) for a file that cannot be used: trust is not made up again */
export async function readPins(paths: StackPaths): Promise<HostPins> {
  const path = pinsPath(paths);
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return {};
    throw remedy.configuration(
      'pins-corrupt',
      `${path}, where the host keys are pinned, cannot be used: ${reasonOf(error)}`,
      [`inspect it, or set it aside with: mv ${shellWord(path)} ${shellWord(`${path}.damaged`)}`, 'then deploy again'],
      error,
    );
  }
}

/** @throws RemedyError (exit 3): without its key written down, nothing is done on a machine */
export async function writePins(paths: StackPaths, pins: HostPins): Promise<void> {
  const path = pinsPath(paths);
  try {
    await makeFolder(dirname(path), 0o700);
    await writeDurably(path, `${JSON.stringify(pins, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    const { why, next } = writeFault(path, error);
    const message = `cannot write ${path}, where the host keys are pinned: ${why}`;
    throw remedy.configuration('state-unwritable', message, [...next, 'then run the command again'], error);
  }
}

/** Only once nothing is left on the machines. */
export async function forgetPins(paths: StackPaths): Promise<void> {
  await rm(pinsPath(paths), { force: true });
}
