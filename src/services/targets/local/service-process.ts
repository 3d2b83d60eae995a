import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode, type RemedyError, remedy } from '../../../errors.ts';
import { DRAIN_SECONDS } from '../../chain/drain.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { writeFault } from '../../files/write-fault.ts';
import type { ListProcesses, ProcessInfo } from '../../machine/process-table.ts';
import { shortHash } from '../../machine/templates.ts';
import { healthReason } from '../../stack/health-status.ts';
import { pollUntil } from '../../stack/poll.ts';
import type { Resource, ResourceContext, Target } from '../../stack/resource.ts';
import { stackOption } from '../../stack/stack-option.ts';
import { LOOPBACK, portInUse, tryPort } from './ports.ts';
import { formatTag, type ProcessTag, parseTag } from './process-tag.ts';
import { MAX_REPLICAS, neededBy, pathsOf } from './replicas.ts';
import { stopProcess } from './stop-process.ts';

/** A service as a process of this machine. */
export interface ServiceSpec {
  /** The built service, one file. */
  readonly bundle: string;
  /** Hash of that file, so that new code replaces the process. */
  readonly bundleHash: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface LiveProcess extends ProcessTag, Pick<ProcessInfo, 'pid' | 'startedAt'> {}

export interface ProcessDeps {
  readonly folder: string;
  readonly logs: string;
  readonly listProcesses: ListProcesses;
  /** The Node that runs the services. */
  readonly node: string;
  /** Kept for the child: PATH, locale, time zone; nothing else of the operator's environment reaches a service. */
  readonly baseEnv: Readonly<Record<string, string>>;
}

/** A real engine loads a model of some GB from a slow disk. */
const READY_SECONDS = 180;
const POLL_MS = 50;

/** Hash that decides whether a running process is the wanted one. */
function specHash(spec: ServiceSpec): string {
  return shortHash(JSON.stringify({ ...spec, env: Object.entries(spec.env).sort() }));
}

/** All processes of the stack in this folder, by key. */
export async function findStackProcesses(deps: Pick<ProcessDeps, 'folder' | 'listProcesses'>): Promise<LiveProcess[]> {
  const processes = await deps.listProcesses();
  return processes.flatMap(({ pid, startedAt, command }): LiveProcess[] => {
    const tag = parseTag(command);
    return tag?.folder === deps.folder ? [{ ...tag, pid, startedAt }] : [];
  });
}

export function localTarget(deps: ProcessDeps): Target {
  return {
    name: 'local',
    discover: async () => [...new Set((await findStackProcesses(deps)).map(({ key }) => key))],
    handle: (key) => serviceProcess(key, deps) as Resource<unknown, unknown>,
  };
}

/**
 * A part of the chain as a background process that outlives the command: `engine`, `b-1` ... `b-N`, `proxy`, `a`, by the
 * services' names.
 */
export function serviceProcess(
  key: string,
  deps: ProcessDeps,
  replicas = MAX_REPLICAS,
): Resource<ServiceSpec, LiveProcess> {
  const findAll = async () => (await findStackProcesses(deps)).filter((live) => live.key === key);
  const stop = async (live: LiveProcess, context: ResourceContext) => {
    // What it was started with; the state may be lost, or of an earlier version.
    const { env } = (context.recorded?.(key)?.spec ?? {}) as Partial<ServiceSpec>;
    // Tells the next command that a stop of this process was interrupted.
    const mark = join(deps.folder, `${key}.interrupted`);
    const text = `${live.pid} ${live.startedAt}\n`;
    const handle = {
      drainSeconds: Number(env?.DRAIN_SECONDS ?? DRAIN_SECONDS),
      isAlive: () => isAlive(live, findAll),
      send: (name: NodeJS.Signals) => sendSignal(live.pid, name),
      wasInterrupted: async () => (await readFile(mark, 'utf8').catch(() => '')) === text,
      // Without the note the next command waits, which harms nobody.
      noteInterrupt: () => writeFile(mark, text, { mode: 0o600 }).catch(() => {}),
    };
    await stopProcess({ ...live, ...handle }, context);
    await rm(mark, { force: true });
  };
  const logFile = join(deps.logs, `${key}.log`);
  return {
    key,
    dependsOn: neededBy(key, replicas),
    find: async () => (await findAll())[0],
    diff: (spec, live) => (specHash(spec) === live.spec ? 'same' : 'replace'),
    // They know each other by port only, and find each other again.
    whenReplaced: () => 'same',

    async create(context, spec, token) {
      // A command that was killed may have started it a moment ago, after this one looked.
      const earlier = (await findAll()).find((live) => live.token === token && live.spec === specHash(spec));
      if (earlier !== undefined) return earlier;
      if ((await tryPort(spec.port)) === undefined) throw await portInUse(key, spec.port, deps);
      const log = await openLog(deps.logs, logFile);
      try {
        const tag: ProcessTag = { folder: deps.folder, key, spec: specHash(spec), token, port: spec.port };
        // Not execa: it pipes output through this process, and the service has to outlive it.
        const child = spawn(deps.node, [spec.bundle, formatTag(tag)], {
          detached: true,
          stdio: ['ignore', log.fd, log.fd],
          env: { ...deps.baseEnv, ...spec.env, PORT: String(spec.port), BIND_ADDRESS: LOOPBACK },
        });
        await once(child, 'spawn');
        child.unref();
        const found = await findAll();
        const live = found.find(({ pid }) => pid === child.pid);
        await Promise.all(found.map((other) => (other === live ? undefined : stop(other, context))));
        if (live === undefined) throw await diedAtOnce(key, logFile);
        return live;
      } finally {
        await log.close();
      }
    },

    async ready(context, live) {
      const url = `http://${LOOPBACK}:${live.port}${pathsOf(key).health}`;
      await pollUntil(context, {
        key,
        action: 'ready',
        deadlineSeconds: READY_SECONDS,
        longestMs: POLL_MS,
        async look() {
          const reason = await healthReason(url);
          if (reason === undefined) return { done: true };
          context.signal.throwIfAborted();
          if (!(await isAlive(live, findAll))) throw await diedAtOnce(key, logFile);
          return { reason };
        },
        late: (reason) => notReady(live, reason, logFile),
      });
    },

    async remove(context, live) {
      // Every process with this key, not only the first: a half-started stack may hold more than one.
      await Promise.all((await findAll()).map((each) => stop(each, context)));
      if (await isAlive(live, findAll)) throw new Error(`pid ${live.pid} did not stop`);
    },

    identify: (live) => ({ pid: live.pid, port: live.port }),
  };
}

/** @throws RemedyError (exit 3): what a process says at its start is what tells why it does not start */
async function openLog(folder: string, path: string) {
  try {
    await makeFolder(folder, 0o700);
    return await open(path, 'a', 0o600);
  } catch (error) {
    const { why, next } = writeFault(path, error);
    throw remedy.configuration('log-unwritable', `cannot write the log ${path}: ${why}`, next, error);
  }
}

async function isAlive(live: LiveProcess, findAll: () => Promise<LiveProcess[]>): Promise<boolean> {
  return (await findAll()).some(({ pid, startedAt }) => pid === live.pid && startedAt === live.startedAt);
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

async function diedAtOnce(key: string, logFile: string): Promise<RemedyError> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  const lines = log.trimEnd().split('\n').slice(-5).join('\n    ');
  return remedy.unhealthy(
    'process-died',
    `${key} stopped right after it was started${lines === '' ? '' : `; its last words:\n    ${lines}`}`,
    [`read ${logFile}`, 'run the same command again: it continues with what is missing'],
  );
}

function notReady(live: LiveProcess, reason: string, logFile: string): RemedyError {
  const down = `chainctl teardown local${stackOption(basename(live.folder))}`;
  return remedy.unhealthy(
    'not-ready',
    `${live.key} (pid ${live.pid}) did not become ready within ${READY_SECONDS} s: ${reason}`,
    [`read ${logFile}`, `take it down with "${down}" and deploy again`],
  );
}
