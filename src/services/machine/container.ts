import { reasonOf } from '../../errors.ts';
import type { HostSession } from './session.ts';

/** A container of a Compose project as Docker sees it. */
interface ContainerState {
  /** `running`, `exited`, `restarting`, ... */
  readonly state: string;
  readonly restarts: number;
  readonly exitCode: number;
  /** In the project's network; undefined while it does not run. */
  readonly address?: string;
}

const LOG_LINES = 15;
/** A container that Docker had to start again this often will not get better by waiting. */
const RESTARTS = 3;

export async function lookAtContainer(
  session: HostSession,
  project: string,
  service: string,
  signal: AbortSignal,
): Promise<ContainerState | undefined> {
  const format =
    "'{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}'";
  const script = `id=${idOf(project, service)}; [ -z "$id" ] || docker inspect -f ${format} "$id"`;
  const output = await session.exec(script, { what: 'looking at the container', timeoutSeconds: 60, signal });
  return readContainer(output);
}

/** Reads what `docker inspect` was asked to write. Pure. */
export function readContainer(output: string): ContainerState | undefined {
  const [state, restarts, exitCode, address] = output.trim().split(/\s+/);
  if (state === undefined || state === '') return undefined;
  return {
    state,
    restarts: Number(restarts),
    exitCode: Number(exitCode),
    ...(address === undefined ? {} : { address }),
  };
}

/** Why waiting longer is of no use; undefined while it may be. */
export function causeOfDeath({ state, restarts, exitCode }: ContainerState): string | undefined {
  if (restarts < RESTARTS && state !== 'exited' && state !== 'dead') return undefined;
  return `its container ended with exit code ${exitCode}, and was started again ${restarts} times`;
}

/** The end of a container's log, as it goes below an error. */
export async function lastLogLines(
  session: HostSession,
  project: string,
  service: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const script = `docker logs --tail ${LOG_LINES} ${idOf(project, service)} 2>&1`;
  const log = await session
    .exec(script, { what: 'reading the log', timeoutSeconds: 30, signal })
    .catch((error: unknown) => `it could not be read: ${reasonOf(error)}`);
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return ['Its log is empty.'];
  return ['The last lines of its log:', ...lines.slice(-LOG_LINES).map((line) => `  | ${line.slice(0, 300)}`)];
}

function idOf(project: string, service: string): string {
  const filter = `--filter label=com.docker.compose.project=${project} --filter label=com.docker.compose.service=${service}`;
  return `$(docker ps -aq ${filter} | head -n 1)`;
}
