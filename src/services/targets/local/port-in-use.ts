import { basename, dirname } from 'node:path';
import { type RemedyError, remedy } from '../../../errors.ts';
import type { ListProcesses, ProcessInfo } from '../../machine/process-table.ts';
import { shellWord } from '../../words.ts';
import { serviceNamed } from '../../workloads/catalog.ts';
import { portHolder } from './ports.ts';
import { parseTag } from './process-tag.ts';
import { behind } from './replicas.ts';

/** Longer command lines are cut. */
const MAX_COMMAND = 60;

/**
 * The error for a port that somebody else has. Where that is a stack of chainctl, it is named, with the command that
 * takes it down.
 *
 * @param key the process that wants the port
 * @param deps `folder` is that of the stack it belongs to
 */
export async function portInUse(
  key: string,
  port: number,
  deps: { readonly folder: string; readonly listProcesses: ListProcesses },
): Promise<RemedyError> {
  // Where the system does not tell who listens, a stack's process still tells which port it was given.
  const holder =
    (await portHolder(port, deps.listProcesses)) ??
    (await deps.listProcesses()).find(({ command }) => parseTag(command)?.port === port);
  const { by, remedies } =
    holder === undefined ? { by: '', remedies: ['or end the program that has it'] } : told(holder, deps);
  const service = behind(key) ?? serviceNamed(key);
  const flag = service === undefined ? undefined : `--port-${service.name}`;
  return remedy.configuration(
    'port-in-use',
    `port ${port}, wanted for ${key}, is already in use${by}`,
    flag === undefined
      ? ['run the command again: it picks another port']
      : [`choose another with ${flag}, or any free one with ${flag} 0`, ...remedies],
  );
}

function told({ pid, command }: ProcessInfo, { folder }: { readonly folder: string }) {
  const tag = parseTag(command);
  if (tag === undefined) {
    return { by: ` by pid ${pid} (${command.slice(0, MAX_COMMAND)})`, remedies: [`or end that program: kill ${pid}`] };
  }
  const [stack, home] = [basename(tag.folder), dirname(dirname(tag.folder))];
  const other = home === dirname(dirname(folder)) ? '' : `CHAINCTL_HOME=${shellWord(home)} `;
  return {
    by: ` by ${tag.key} of chainctl's stack ${stack} (pid ${pid})`,
    remedies: [`or take that stack down: ${other}chainctl teardown local --stack ${stack}`],
  };
}
