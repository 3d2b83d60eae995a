import { z } from 'zod';
import { RemedyError, reasonOf, remedy } from '../../errors.ts';
import type { StepAction } from '../../events.ts';
import type { Resource, ResourceContext } from '../stack/resource.ts';
import { shellWord } from '../words.ts';
import { formatAccess, type HostAccess } from './access.ts';
import type { BootTemplates } from './cloud-init.ts';
import { AGAIN, CommandFailed, hostFailure } from './failures.ts';
import { ROOT } from './layout.ts';
import type { HostSession } from './session.ts';
import type { HostSessions } from './sessions.ts';

/** What the resources on one machine share. */
export interface HostOptions {
  readonly stack: string;
  /** How the machine is reached; undefined while it does not exist. */
  readonly access: (context: ResourceContext) => Promise<HostAccess | undefined>;
  readonly sessions: HostSessions;
  readonly boot: Pick<BootTemplates, 'awaitCloudInit' | 'installDocker'>;
  /**
   * What it means that the machine cannot be reached while looking: for a VM that is still booting, that nothing is
   * there yet; for a machine that somebody else runs, an error, since what is on it would be forgotten.
   */
  readonly unreachable: 'absent' | 'error';
  /** Why a machine that does not answer will not come, as the cloud that runs it knows; undefined while it may. */
  readonly gone?: (context: ResourceContext) => Promise<Error | undefined>;
}

/** What work on a machine may use, and how it says what it waits for. */
export interface Step extends ResourceContext {
  readonly key: string;
  readonly action: StepAction;
  waiting(reason: string): void;
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
const STEP_ATTEMPTS = 4;

const seen = z.object({ marked: z.boolean(), docker: z.boolean(), compose: z.boolean() });

/** Docker and Compose as the system has them; there is nothing to choose. */
type HostSpec = { readonly docker: 'installed' };
type LiveHost = { readonly access: HostAccess } & Omit<z.infer<typeof seen>, 'marked'>;

/** A machine on which Docker and Compose run, reached over SSH, noted as used by this stack. Its removal leaves Docker. */
export function hostResource(
  key: string,
  dependsOn: readonly string[],
  options: HostOptions,
): Resource<HostSpec, LiveHost> {
  const marker = `${ROOT}/stacks/${options.stack}`;
  const prepare = (action: 'create' | 'update') => (context: ResourceContext) => {
    const step = { key, action, what: 'preparing the machine', waitSeconds: BOOT_SECONDS };
    return onMachine(options, step, context, async (session, within): Promise<LiveHost> => {
      await waitForCloudInit(session, options.boot.awaitCloudInit, within);
      await installDocker(session, options.boot.installDocker, within);
      const script = `mkdir -p -m 0700 ${ROOT} ${ROOT}/stacks && touch ${shellWord(marker)}`;
      await session.exec(script, { what: 'noting that this stack uses the machine', signal: context.signal });
      return { access: session.access, docker: true, compose: true };
    });
  };
  return {
    key,
    dependsOn,
    find: (context) =>
      observe(options, key, context, async (session) => {
        const look = { what: 'looking at the machine', signal: context.signal };
        const { marked, ...live } = seen.parse(JSON.parse(await session.exec(lookScript(marker), look)));
        return marked ? { access: session.access, ...live } : undefined;
      }),
    diff: (_spec, live) => (live.docker && live.compose ? 'same' : 'update'),
    create: prepare('create'),
    update: prepare('update'),
    // Looking has asked the Docker daemon, and preparing ends with its answer.
    async ready() {},
    async remove(context, { access }) {
      const what = 'taking back the note of this stack';
      const script = `rm -f ${shellWord(marker)}; rmdir ${ROOT}/stacks ${ROOT} 2>/dev/null; true`;
      const step = { key, action: 'remove', what, waitSeconds: UP_SECONDS } as const;
      await onMachine({ ...options, access: async () => access }, step, context, (session) =>
        session.exec(script, { what, signal: context.signal }),
      );
    },
    identify: ({ access }) => ({ machine: formatAccess(access) }),
  };
}

/**
 * Runs one step over a machine's connection, begun again when that breaks: every step can be repeated.
 *
 * @throws what `gone` says, or an error that names the resource, when there is no machine; what {@link hostFailure} makes
 *   of others
 */
export async function onMachine<T>(
  { access, gone, sessions }: Pick<HostOptions, 'access' | 'gone' | 'sessions'>,
  { key, action, what, waitSeconds }: Pick<Step, 'key' | 'action'> & { what: string; waitSeconds: number },
  context: ResourceContext,
  work: (session: HostSession, step: Step) => Promise<T>,
): Promise<T> {
  const there = await access(context);
  if (there === undefined) throw (await gone?.(context)) ?? new Error(`${key} has no machine`);
  const waiting = (reason: string) => context.emit({ type: 'step-waiting', key, action, reason });
  const use = { waitSeconds, attempts: STEP_ATTEMPTS, waiting, gone: async () => gone?.(context) };
  try {
    return await sessions.use(there, context, use, (session) => work(session, { ...context, key, action, waiting }));
  } catch (error) {
    context.signal.throwIfAborted();
    throw hostFailure(what, there, error);
  }
}

/** Looks at a machine, with the options' meaning of one that cannot be reached. */
export async function observe<T>(
  { access, sessions, unreachable }: Pick<HostOptions, 'access' | 'sessions' | 'unreachable'>,
  key: string,
  context: ResourceContext,
  look: (session: HostSession) => Promise<T | undefined>,
): Promise<T | undefined> {
  const there = await access(context);
  if (there === undefined) return undefined;
  const waitSeconds = unreachable === 'absent' ? 0 : UP_SECONDS;
  const step = { key, action: 'ready', what: 'looking at the machine', waitSeconds } as const;
  try {
    return await onMachine({ sessions, access: async () => there }, step, context, look);
  } catch (error) {
    const unseen = error instanceof RemedyError && ['host-unreachable', 'ssh-authentication'].includes(error.code);
    // A VM that boots lets nobody in before it has its key: there is nothing on it yet. Steps wait for it, and say if it stays so.
    if (unreachable !== 'absent' || !unseen) throw error;
    context.unseen?.(key, reasonOf(error));
    return undefined;
  }
}

function lookScript(marker: string): string {
  return [
    `[ -e ${shellWord(marker)} ] && marked=true || marked=false`,
    'docker version -f x >/dev/null 2>&1 && docker=true || docker=false',
    '{ docker compose version || docker-compose version; } >/dev/null 2>&1 && compose=true || compose=false',
    'echo "{\\"marked\\":$marked,\\"docker\\":$docker,\\"compose\\":$compose}"',
  ].join('\n');
}

/** A machine without cloud-init is as ready as it will be; one whose cloud-init failed may still do. */
async function waitForCloudInit(session: HostSession, script: string, { emit, signal, waiting }: Step) {
  const what = 'waiting for cloud-init';
  waiting(what);
  const timeoutSeconds = CLOUD_INIT_SECONDS + 60;
  const output = await session.exec(`set -- ${CLOUD_INIT_SECONDS}\n${script}`, { what, timeoutSeconds, signal });
  const lines = output.trim().split('\n');
  const code = lines.pop();
  if (code === '0' || code === 'absent') return;
  const where = formatAccess(session.access);
  if (code === '124') {
    throw remedy.unhealthy('cloud-init', `cloud-init on ${where} was not done after ${CLOUD_INIT_SECONDS} s`, [
      'see what it does: /var/log/cloud-init-output.log on the machine',
      'then run the command again',
    ]);
  }
  const detail = lines.join(' ').trim() || `exit ${code}`;
  emit({ type: 'note', level: 'warn', text: `cloud-init on ${where} reports errors, going on: ${detail}` });
}

async function installDocker(session: HostSession, script: string, { clock, signal, waiting }: Step) {
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
      const text = `Docker could not be installed on ${formatAccess(session.access)}:`;
      throw remedy.unhealthy('docker-install', [text, ...error.quoted].join('\n'), [
        'install Docker and Compose by hand: https://docs.docker.com/engine/install/',
        `then ${AGAIN}`,
      ]);
    }
  }
}
