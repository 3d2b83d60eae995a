import { RemedyError, reasonOf } from '../../errors.ts';
import { pollUntil, type Wait } from '../stack/poll.ts';
import { ConnectionLost } from './failures.ts';
import type { Step } from './host-resource.ts';
import { type ContainerName, layoutOf } from './layout.ts';
import type { HostSession } from './session.ts';

interface ContainerState {
  /** `running`, `exited`, `restarting`, ... */
  readonly state: string;
  readonly restarts: number;
  readonly exitCode: number;
  /** In the project's network; undefined while it does not run. */
  readonly address: string | undefined;
}

interface ContainerWait<T> extends Pick<Wait<T>, 'deadlineSeconds' | 'look'> {
  readonly service: string;
  readonly container: ContainerName;
  /** @param why the last reason or how it died, and the end of its log */
  failed(why: string): RemedyError;
}

/** Longest pause between two looks, milliseconds. */
const PAUSE_MS = 500;
/** Looking at a container costs the machine more than a request to what is in it: at each fourth look. */
const LOOKS = 4;
const LOG_LINES = 15;
/** A container that Docker had to start again this often will not get better by waiting. */
const RESTARTS = 3;

/** Waits for what comes of a container, as long as it may still come; a look that throws is a reason to look again. */
export function waitForContainer<T>(session: HostSession, step: Step, wait: ContainerWait<T>): Promise<T> {
  const { service, container, deadlineSeconds, failed } = wait;
  const { key, action, signal } = step;
  const late = async (reason: string) =>
    failed([reason, ...(await lastLogLines(session, service, container, signal))].join('\n'));
  let looks = 0;
  return pollUntil(step, {
    key,
    action,
    deadlineSeconds,
    longestMs: PAUSE_MS,
    late,
    async look() {
      const seen = await wait.look().catch((error: unknown) => {
        signal.throwIfAborted();
        if (error instanceof ConnectionLost || error instanceof RemedyError) throw error;
        return { reason: reasonOf(error) };
      });
      if ('done' in seen || ++looks % LOOKS !== 0) return seen;
      const state = await lookAtContainer(session, service, container, signal);
      const died = state && causeOfDeath(state);
      if (died !== undefined) throw await late(died);
      return seen;
    },
  });
}

export async function lookAtContainer(
  session: HostSession,
  service: string,
  container: ContainerName,
  signal: AbortSignal,
): Promise<ContainerState | undefined> {
  const format =
    "'{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}'";
  const script = `id=${layoutOf(service).idOf(container)}; [ -z "$id" ] || docker inspect -f ${format} "$id"`;
  return readContainer(await session.exec(script, { what: 'looking at the container', signal }));
}

/** Reads what `docker inspect` was asked to write. Pure. */
export function readContainer(output: string): ContainerState | undefined {
  const [state = '', restarts, exitCode, address] = output.trim().split(/\s+/);
  return state === '' ? undefined : { state, restarts: Number(restarts), exitCode: Number(exitCode), address };
}

/** Why waiting longer is of no use; undefined while it may be. */
export function causeOfDeath({ state, restarts, exitCode }: ContainerState): string | undefined {
  if (restarts < RESTARTS && state !== 'exited' && state !== 'dead') return undefined;
  return `its container ended with exit code ${exitCode}, and was started again ${restarts} times`;
}

/** The end of a container's log, as it goes below an error. */
async function lastLogLines(session: HostSession, service: string, container: ContainerName, signal: AbortSignal) {
  const script = `docker logs --tail ${LOG_LINES} ${layoutOf(service).idOf(container)} 2>&1`;
  const log = await session
    .exec(script, { what: 'reading the log', timeoutSeconds: 30, signal })
    .catch((error: unknown) => `it could not be read: ${reasonOf(error)}`);
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return ['Its log is empty.'];
  return ['The last lines of its log:', ...lines.slice(-LOG_LINES).map((line) => `  | ${line.slice(0, 300)}`)];
}
