import { z } from 'zod';
import { RemedyError, reasonOf, remedy } from '../../errors.ts';
import type { Resource, ResourceContext } from '../stack/resource.ts';
import { type AccessOf, formatAccess, type HostAccess } from './access.ts';
import { isLockedOut, isUnreachable } from './dial.ts';
import { CommandFailed, hostFailure } from './failures.ts';
import { ROOT } from './layout.ts';
import type { HostSession } from './session.ts';
import type { HostSessions } from './sessions.ts';
import { quote } from './shell.ts';

/** What the resources on one machine share. */
export interface HostOptions {
  readonly stack: string;
  readonly access: AccessOf;
  readonly sessions: HostSessions;
  /** `templates/boot/install-docker.sh` */
  readonly installDocker: string;
  /**
   * What it means that the machine cannot be reached while looking: for a VM that is still booting, that nothing is
   * there yet; for a machine that somebody else runs, an error, since what is on it would be forgotten.
   */
  readonly unreachable: 'absent' | 'error';
  /** Why a machine that does not answer will not come, as the cloud that runs it knows; undefined while it may. */
  readonly gone?: (context: ResourceContext) => Promise<Error | undefined>;
}

/** Docker and Compose as the system has them; there is nothing to choose. */
export interface HostSpec {
  readonly docker: 'installed';
}

export interface LiveHost {
  readonly access: HostAccess;
  readonly docker: boolean;
  readonly compose: boolean;
}

/** From the first packet of a new VM to its sshd, seconds. */
const BOOT_SECONDS = 300;
/** For a machine that should be up. */
const UP_SECONDS = 20;
/** cloud-init installs packages in its last stage, seconds. */
const CLOUD_INIT_SECONDS = 900;
const INSTALL_SECONDS = 900;
const INSTALL_ATTEMPTS = 2;
/** The exit code with which the install script says that the package manager failed, which may be for a moment. */
const PACKAGES_FAILED = 10;
const END_OF_SCRIPT = '# the script ends here';
/** A connection that breaks is opened again this often in one step. */
export const STEP_ATTEMPTS = 4;

const seen = z.object({ marked: z.boolean(), docker: z.boolean(), compose: z.boolean() });

/** A machine on which Docker and Compose run, reached over SSH, noted as used by this stack. Its removal leaves Docker. */
export function hostResource(
  key: string,
  dependsOn: readonly string[],
  options: HostOptions,
): Resource<HostSpec, LiveHost> {
  const { stack, sessions } = options;
  const marker = `${ROOT}/stacks/${stack}`;
  return {
    key,
    dependsOn,
    async find(context) {
      return observe(options, context, key, async (session) => {
        const what = 'looking at the machine';
        const output = await session.exec(lookScript(marker), { what, timeoutSeconds: 60, signal: context.signal });
        const { marked, docker, compose } = seen.parse(JSON.parse(output));
        return marked ? { access: session.access, docker, compose } : undefined;
      });
    },
    diff: (_spec, live) => (live.docker && live.compose ? 'same' : 'update'),
    create: (context) => prepare('create', context),
    update: (context) => prepare('update', context),
    // Looking has asked the Docker daemon, and preparing ends with its answer.
    async ready() {},
    async remove({ clock, signal }, { access }) {
      await sessions.use(
        access,
        { clock, signal },
        { waitSeconds: UP_SECONDS, attempts: STEP_ATTEMPTS, waiting() {} },
        (session) =>
          session.exec(`rm -f ${quote(marker)}; rmdir ${ROOT}/stacks ${ROOT} 2>/dev/null; true`, {
            what: 'taking back the note of this stack',
            timeoutSeconds: 60,
            signal,
          }),
      );
    },
    identify: ({ access }) => ({ machine: formatAccess(access) }),
  };

  async function prepare(action: 'create' | 'update', context: ResourceContext): Promise<LiveHost> {
    const access = await machineOf(options, context, key);
    const waiting = (reason: string) => context.emit({ type: 'step-waiting', key, action, reason });
    const gone = async () => options.gone?.(context);
    const use = { waitSeconds: BOOT_SECONDS, attempts: STEP_ATTEMPTS, waiting, gone };
    await sessions
      .use(access, context, use, async (session) => {
        await waitForCloudInit(session, context, waiting);
        await installDocker(session, options.installDocker, context, waiting);
        await session.exec(`mkdir -p -m 0700 ${ROOT} ${ROOT}/stacks && touch ${quote(marker)}`, {
          what: 'noting that this stack uses the machine',
          timeoutSeconds: 60,
          signal: context.signal,
        });
      })
      .catch((error: unknown) => {
        context.signal.throwIfAborted();
        throw hostFailure('preparing the machine', access, error);
      });
    return { access, docker: true, compose: true };
  }
}

/**
 * Where the machine is.
 *
 * @throws what `gone` says, otherwise an error that names the resource, when there is none
 */
export async function machineOf(
  options: Pick<HostOptions, 'access' | 'gone'>,
  context: ResourceContext,
  key: string,
): Promise<HostAccess> {
  const access = await options.access(context);
  if (access !== undefined) return access;
  throw (await options.gone?.(context)) ?? new Error(`${key} has no machine`);
}

/** Looks at a machine, with the options' meaning of one that cannot be reached. */
export async function observe<T>(
  options: Pick<HostOptions, 'access' | 'sessions' | 'unreachable'>,
  context: ResourceContext,
  key: string,
  look: (session: HostSession) => Promise<T | undefined>,
): Promise<T | undefined> {
  const access = await options.access(context);
  if (access === undefined) return undefined;
  const waiting = (reason: string) => context.emit({ type: 'step-waiting', key, action: 'ready', reason });
  const waitSeconds = options.unreachable === 'absent' ? 0 : UP_SECONDS;
  try {
    return await options.sessions.use(access, context, { waitSeconds, attempts: STEP_ATTEMPTS, waiting }, look);
  } catch (error) {
    context.signal.throwIfAborted();
    // A VM that boots lets nobody in before it has its key: there is nothing on it yet. Steps wait for it, and say if it stays so.
    if (options.unreachable === 'absent' && (isUnreachable(error) || isLockedOut(error))) {
      context.unseen?.(key, reasonOf(error));
      return undefined;
    }
    throw hostFailure('looking at the machine', access, error);
  }
}

function lookScript(marker: string): string {
  return [
    `[ -e ${quote(marker)} ] && marked=true || marked=false`,
    'docker version -f x >/dev/null 2>&1 && docker=true || docker=false',
    '{ docker compose version || docker-compose version; } >/dev/null 2>&1 && compose=true || compose=false',
    'echo "{\\"marked\\":$marked,\\"docker\\":$docker,\\"compose\\":$compose}"',
  ].join('\n');
}

type Waiting = (reason: string) => void;

/** A machine without cloud-init is as ready as it will be; one whose cloud-init failed may still do. */
async function waitForCloudInit(session: HostSession, { emit, signal }: ResourceContext, waiting: Waiting) {
  waiting('waiting for cloud-init');
  const script = [
    'command -v cloud-init >/dev/null 2>&1 || { echo absent; exit 0; }',
    // The command starts Python, and looks four times a second; what it looks at are these files.
    'result=/run/cloud-init/result.json',
    'tries=0',
    `while [ -e /run/cloud-init/status.json ] && [ ! -e "$result" ] && [ "$tries" -lt ${CLOUD_INIT_SECONDS * 10} ]; do`,
    '  sleep 0.1',
    '  tries=$((tries + 1))',
    'done',
    'compact() { tr -d " \\n" 2>/dev/null <"$1"; }',
    // What it got over stands in the other one only; a deprecation is nothing to tell.
    'if compact "$result" | grep -Fq \'"errors":[]\' &&',
    '  ! compact /run/cloud-init/status.json | grep -Eq \'"(WARNING|ERROR|CRITICAL)":\\["\'; then',
    '  echo 0',
    '  exit 0',
    'fi',
    // A machine where it is off has none of them.
    `timeout ${CLOUD_INIT_SECONDS} cloud-init status --wait >/dev/null 2>&1`,
    'code=$?',
    '[ "$code" = 0 ] || cloud-init status --long 2>/dev/null | tail -n 5',
    'echo "$code"',
  ].join('\n');
  const what = 'waiting for cloud-init';
  const output = await session.exec(script, { what, timeoutSeconds: CLOUD_INIT_SECONDS + 60, signal });
  const lines = output.trim().split('\n');
  const code = lines.at(-1);
  const where = formatAccess(session.access);
  if (code === '124') {
    throw remedy.unhealthy('cloud-init', `cloud-init on ${where} was not done after ${CLOUD_INIT_SECONDS} s`, [
      'see what it does: /var/log/cloud-init-output.log on the machine',
      'then run the command again',
    ]);
  }
  if (code === '0' || code === 'absent') return;
  const detail = lines.slice(0, -1).join(' ').trim();
  emit({
    type: 'note',
    level: 'warn',
    text: `cloud-init on ${where} reports errors, going on: ${detail || `exit ${code}`}`,
  });
}

async function installDocker(
  session: HostSession,
  script: string,
  { clock, signal }: ResourceContext,
  waiting: Waiting,
) {
  // A connection that ends looks like the script's end: without its last line it is not run.
  const whole = `tail -n 1 "$f" | grep -qxF '${END_OF_SCRIPT}' || { rm -f "$f"; exit 75; }`;
  const run = `f=$(mktemp) && cat > "$f" && { ${whole}; } && sh "$f" </dev/null 2>&1; code=$?; rm -f "$f"; exit "$code"`;
  for (let attempt = 1; ; attempt++) {
    try {
      waiting('looking for Docker and Compose');
      await session.exec(run, {
        what: 'installing Docker',
        timeoutSeconds: INSTALL_SECONDS,
        stdin: `${script}\n${END_OF_SCRIPT}\n`,
        onLine: (line) => waiting(line.slice(0, 160)),
        signal,
      });
      return;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (attempt < INSTALL_ATTEMPTS && error.code === PACKAGES_FAILED) {
        await clock.sleep(3000, signal);
        continue;
      }
      const failure = hostFailure('installing Docker', session.access, error);
      if (failure instanceof RemedyError && failure.code !== 'host-command') throw failure;
      const lines = error.tail.slice(-15).map((line) => `  | ${line.slice(0, 300)}`);
      throw remedy.unhealthy(
        'docker-install',
        [`Docker could not be installed on ${formatAccess(session.access)}:`, ...lines].join('\n'),
        [
          'install Docker and Compose by hand: https://docs.docker.com/engine/install/',
          'then run the command again: it continues where it stopped',
        ],
      );
    }
  }
}
