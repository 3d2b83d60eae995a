import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, homedir, hostname, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emit } from './events.ts';
import { systemClock } from './runtime.ts';
import { checkToken, TOKEN_SECRET, type TokenOf, tokenFileError, tokensFor } from './services/chain/token.ts';
import type { ClaimDeps } from './services/load/record/tag-claim.ts';
import { listProcesses } from './services/machine/process-table.ts';
import { loadHostTemplates } from './services/machine/templates.ts';
import { readEndpoints } from './services/stack/endpoints.ts';
import type { LockJudge } from './services/stack/lock-holder.ts';
import type { Operator } from './services/stack/operator.ts';
import { chainctlHome, type StackPaths, stackPaths } from './services/stack/paths.ts';
import { readSecret } from './services/stack/secrets.ts';
import type { StackDeps } from './services/stack/session.ts';
import { readState } from './services/stack/state.ts';
import type { TargetModule } from './services/stack/target-module.ts';
import type { AwsFlagValues } from './services/targets/aws/connect.ts';
import { awsModule } from './services/targets/aws/provider.ts';
import type { GcpFlagValues } from './services/targets/gcp/connect.ts';
import { gcpModule } from './services/targets/gcp/provider.ts';
import { hostModule } from './services/targets/host/provider.ts';
import { loadBundles } from './services/targets/local/bundles.ts';
import { localModule } from './services/targets/local/provider.ts';
import type { ProcessDeps } from './services/targets/local/service-process.ts';

/** Where the built services are: beside this file once it is built, in dist/ when run from source. */
const BUNDLES = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/templates' : './templates', import.meta.url),
);

/** What goes to machines as it is; the package ships the folder beside dist/. */
const TEMPLATES = fileURLToPath(new URL('../templates', import.meta.url));

/** The operator's environment reaches a service only in these variables. */
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

/** This machine and its user, for places. `ask` is absent where nobody can be asked. */
export function thisOperator(ask?: Operator['ask']): Operator {
  return {
    ...{ clock: systemClock, env: process.env, home: chainctlHome(process.env, homedir()), userHome: homedir() },
    ...{ templates: TEMPLATES, bundles: BUNDLES, node: process.execPath, listProcesses, fetch },
    self: { user: userName(), host: hostname() },
    ...(ask === undefined ? {} : { ask }),
  };
}

/** The folders of a stack of this user on this machine. */
export function pathsOf(stack: string): StackPaths {
  return stackPaths(chainctlHome(process.env, homedir()), stack);
}

/** How local processes are found and started for a stack. */
export function processDeps(paths: StackPaths): ProcessDeps {
  const baseEnv = Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return { folder: paths.folder, logs: paths.logs, listProcesses, node: process.execPath, baseEnv };
}

/** A container may run as a user without an entry in the user database. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

const isAlive: LockJudge['isAlive'] = async ({ pid, startedAt }) =>
  (await listProcesses()).some((each) => each.pid === pid && each.startedAt === startedAt);

/** What judging a lock needs of this machine. */
export function lockJudge(): LockJudge {
  return { host: hostname(), now: systemClock.now, isAlive };
}

/** What changing a stack needs of this process and this machine. */
export async function stackDeps(emit: Emit, signal: AbortSignal): Promise<StackDeps> {
  const startedAt = (await listProcesses()).find(({ pid }) => pid === process.pid)?.startedAt ?? 'unknown';
  const command = ['chainctl', ...process.argv.slice(2)].join(' ');
  const self = { host: hostname(), user: userName(), pid: process.pid, startedAt, command };
  return { clock: systemClock, emit, signal, self, isAlive, newToken: randomUUID };
}

/** Where loads that run say so, and who this one is. */
export async function loadClaims(emit: Emit, signal: AbortSignal): Promise<ClaimDeps> {
  return { ...(await stackDeps(emit, signal)), folder: join(chainctlHome(process.env, homedir()), 'loads') };
}

/** The places that a stack can be deployed to, in the order in which they are taken down. */
export const TARGETS = ['local', 'host', 'aws', 'gcp'] as const;

/** The stack's token, where its services ask for one. */
async function stackToken(paths: StackPaths): Promise<string | undefined> {
  const state = await readState(paths.state).catch(() => undefined);
  const asked = Object.values(state?.targets ?? {}).some(({ auth }) => auth === 'token');
  return asked ? readSecret(paths, TOKEN_SECRET) : undefined;
}

/** What the commands that work over all targets know of each. */
export function targetModules(
  paths: StackPaths,
  flags: AwsFlagValues & Pick<GcpFlagValues, 'project' | 'gcp-endpoint-url'> = {},
): readonly TargetModule[] {
  const templates = () => loadHostTemplates(TEMPLATES, BUNDLES);
  return [
    localModule(paths, processDeps(paths)),
    hostModule(paths, { clock: systemClock, templates, agent: process.env.SSH_AUTH_SOCK }),
    awsModule(paths, {
      clock: systemClock,
      templates,
      ec2: async () => (await import('./services/targets/aws/connect.ts')).ec2Of(flags, paths),
      token: () => stackToken(paths),
    }),
    gcpModule(paths, {
      clock: systemClock,
      async compute() {
        const { computeOf } = await import('./services/targets/gcp/connect.ts');
        // `--endpoint-url` is that of EC2 where both clouds are meant.
        const { project, 'gcp-endpoint-url': endpoint } = flags;
        return (await computeOf({ project, 'gcp-endpoint-url': endpoint }, paths)).compute;
      },
    }),
  ];
}

/**
 * Which token goes to which address: what the operator gave (a file, else CHAINCTL_TOKEN), else the stack's own to the
 * stack's own addresses.
 *
 * @throws RemedyError (exit 3) when the file cannot be read or holds no token
 */
export async function chainTokens(stack: string, tokenFile: string | undefined): Promise<TokenOf> {
  const paths = pathsOf(stack);
  // What is asked may be no stack of ours: its state is then nobody's concern.
  const { a, b, auth } = await readEndpoints(paths).catch(() => ({ a: undefined, b: undefined, auth: undefined }));
  const ofStack = auth === 'token' ? await readSecret(paths, TOKEN_SECRET) : undefined;
  return tokensFor({ given: await givenToken(tokenFile), ofStack, endpoints: [a, b] });
}

async function givenToken(file: string | undefined): Promise<string | undefined> {
  if (file !== undefined) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw tokenFileError(file, error);
    });
    return checkToken(text, `the token file ${file}`);
  }
  const { CHAINCTL_TOKEN: token } = process.env;
  return token === undefined || token === '' ? undefined : checkToken(token, 'CHAINCTL_TOKEN');
}

/** The services that `deploy local` starts. */
export const localBundles = () => loadBundles(BUNDLES);

/** What reaching machines over SSH needs of this one. */
export async function hostDeps() {
  return { templates: await loadHostTemplates(TEMPLATES, BUNDLES), agent: process.env.SSH_AUTH_SOCK };
}

/** Whom the operator's own ssh trusts; empty where it has never been used. */
export function knownHosts(): Promise<string> {
  return readFile(join(homedir(), '.ssh', 'known_hosts'), 'utf8').catch(() => '');
}

/** What a run's manifest says about the program and the machine. */
export function aboutThisRun(version: string, commandLine: readonly string[]): Readonly<Record<string, unknown>> {
  const machine = { cpus: availableParallelism(), cpuModel: cpus()[0]?.model, memoryBytes: totalmem() };
  return { version, node: process.version, platform: `${process.platform}-${process.arch}`, machine, commandLine };
}
