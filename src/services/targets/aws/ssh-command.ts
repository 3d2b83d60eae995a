import { ExitCode, RemedyError } from '../../../errors.ts';
import { sshOptions } from '../../machine/ssh-words.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { recordedRequest } from './guards.ts';
import { vmAccess } from './on-vm.ts';

/**
 * The words after `ssh` that log in to the VM of service A, and to no other machine: its key is the only one trusted.
 *
 * @throws RemedyError (exit 3) when the stack has no VM, or its keys are not here
 */
export async function sshCommand(paths: StackPaths, record: TargetRecord | undefined): Promise<string[]> {
  const { a } = record?.endpoints ?? {};
  const address = a === undefined ? undefined : new URL(a).hostname;
  const user = recordedRequest(record?.request)?.sshUser ?? 'ubuntu';
  const access = await vmAccess(paths, address, user);
  if (access === undefined || address === undefined) {
    throw new RemedyError(`stack ${paths.name} has no VM of service A that this machine has the keys for`, {
      code: 'no-vm',
      exit: ExitCode.configuration,
      nextSteps: ['deploy it first: chainctl deploy aws', 'or name another stack with --stack'],
    });
  }
  return [...(await sshOptions(paths, 'a', access.hostKey)), `${user}@${address}`];
}
