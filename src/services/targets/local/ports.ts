import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';
import { hasCode, type RemedyError, remedy } from '../../../errors.ts';
import type { ListProcesses, ProcessInfo } from '../../machine/process-table.ts';
import { shellWord } from '../../words.ts';
import { serviceNamed } from '../../workloads/catalog.ts';
import { parseTag } from './process-tag.ts';
import { behind } from './replicas.ts';

export const LOOPBACK = '127.0.0.1';

/** Longer command lines are cut. */
const MAX_COMMAND = 60;

/**
 * Tries to listen.
 *
 * @param port 0 for any free one
 * @returns the port, or undefined when it is taken
 */
export function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (hasCode(error, 'EADDRINUSE', 'EACCES')) resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? undefined) : undefined));
    });
  });
}

/** The wanted port while it is free, else any free one that is not taken. It is free now; whoever binds first has it. */
export async function freePort(taken: ReadonlySet<number>, wanted = 0): Promise<number> {
  const port = await tryPort(wanted);
  if (port !== undefined && !taken.has(port)) return port;
  if (port === undefined && wanted === 0) throw new Error('this machine has no free port');
  return freePort(taken);
}

/** Who listens on a port. Undefined when that cannot be told: not Linux, or another user's process. */
async function portHolder(port: number, listProcesses: ListProcesses): Promise<ProcessInfo | undefined> {
  if (process.platform !== 'linux') return undefined;
  const sockets = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      const listening = state === '0A';
      if (listening && Number.parseInt(local?.split(':')[1] ?? '', 16) === port) sockets.add(`socket:[${inode}]`);
    }
  }
  if (sockets.size === 0) return undefined;
  for (const each of await listProcesses()) {
    for (const descriptor of await readdir(`/proc/${each.pid}/fd`).catch(() => [])) {
      if (sockets.has(await readlink(`/proc/${each.pid}/fd/${descriptor}`).catch(() => ''))) return each;
    }
  }
  return undefined;
}

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
  const [by, end] = holder === undefined ? ['', 'or end the program that has it'] : told(holder, deps.folder);
  const service = behind(key) ?? serviceNamed(key);
  const flag = `--port-${service?.name}`;
  return remedy.configuration(
    'port-in-use',
    `port ${port}, wanted for ${key}, is already in use${by}`,
    service === undefined
      ? ['run the command again: it picks another port']
      : [`choose another with ${flag}, or any free one with ${flag} 0`, end],
  );
}

/** Who it is, and what ends it. */
function told({ pid, command }: ProcessInfo, folder: string): readonly [string, string] {
  const tag = parseTag(command);
  if (tag === undefined) {
    return [` by pid ${pid} (${command.slice(0, MAX_COMMAND)})`, `or end that program: kill ${pid}`];
  }
  const [stack, home] = [basename(tag.folder), dirname(dirname(tag.folder))];
  const other = home === dirname(dirname(folder)) ? '' : `CHAINCTL_HOME=${shellWord(home)} `;
  return [
    ` by ${tag.key} of chainctl's stack ${stack} (pid ${pid})`,
    `or take that stack down: ${other}chainctl teardown local --stack ${stack}`,
  ];
}
