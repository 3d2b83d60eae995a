import { randomUUID } from 'node:crypto';
import { availableParallelism, cpus, homedir, hostname, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emit } from './events.ts';
import { redacted } from './redacted.ts';
import { systemClock } from './runtime.ts';
import { checkToken, TOKEN_SECRET, type TokenOf, tokenFileError, tokensFor } from './services/chain/token.ts';
import type { AgentTerms } from './services/dial/agents.ts';
import { readAuthorities } from './services/dial/authorities.ts';
import { proxyFor } from './services/dial/proxy.ts';
import { readSecretFile } from './services/files/secret-file.ts';
import { descriptorLimit } from './services/load/engine/descriptors.ts';
import type { ClaimDeps, Onlooker } from './services/load/record/claims.ts';
import { listProcesses } from './services/machine/process-table.ts';
import { type FoundGroup, findGroup } from './services/scaling/find-group.ts';
import { readEndpoints, type StackEndpoints } from './services/stack/endpoints.ts';
import { requireStack } from './services/stack/known-stack.ts';
import type { LockJudge } from './services/stack/lock-holder.ts';
import type { Operator } from './services/stack/operator.ts';
import { chainctlHome, type StackPaths, stackPaths } from './services/stack/paths.ts';
import { type Place, placesOf } from './services/stack/places.ts';
import type { Provider } from './services/stack/provider.ts';
import { readSecret } from './services/stack/secrets.ts';
import type { StackDeps } from './services/stack/session.ts';
import { readState } from './services/stack/state.ts';
import { type FlagsOf, groupFlagsOf, ownValues } from './services/targets/place-flags.ts';
import { entryOf } from './services/workloads/catalog.ts';
import type { FlagValues } from './services/workloads/service-definition.ts';

/** Where the built services are: beside this file once it is built, in dist/ when run from source. */
const BUNDLES = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/templates' : './templates', import.meta.url),
);

/** What goes to machines as it is; the package ships the folder beside dist/. */
const TEMPLATES = fileURLToPath(new URL('../templates', import.meta.url));

const home = () => chainctlHome(process.env, homedir());

/** This machine and its user, for places. `ask` is absent where nobody can be asked. */
export function thisOperator(ask?: Operator['ask']): Operator {
  return {
    clock: systemClock,
    env: process.env,
    home: home(),
    userHome: homedir(),
    listProcesses,
    fetch,
    templates: TEMPLATES,
    bundles: BUNDLES,
    node: process.execPath,
    nodeVersion: process.version,
    get descriptorLimit() {
      return descriptorLimit();
    },
    self: { user: userName(), host: hostname() },
    ...(ask === undefined ? {} : { ask }),
  };
}

export function pathsOf(stack: string): StackPaths {
  return stackPaths(home(), stack);
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

/** What changing a stack needs of this process and this machine. */
export async function stackDeps(emit: Emit, signal: AbortSignal): Promise<StackDeps> {
  const startedAt = (await listProcesses()).find(({ pid }) => pid === process.pid)?.startedAt ?? 'unknown';
  const command = ['chainctl', ...redacted(process.argv.slice(2))].join(' ');
  const self = { host: hostname(), user: userName(), pid: process.pid, startedAt, command };
  return { clock: systemClock, emit, signal, self, isAlive, newToken: randomUUID };
}

/** Who looks at the record of a run: its process may still be at work here. */
export const onlooker: Onlooker = { host: hostname(), isAlive };

/** Where loads that run say so, and who this one is. */
export async function loadClaims(emit: Emit, signal: AbortSignal): Promise<ClaimDeps> {
  return { ...(await stackDeps(emit, signal)), folder: join(home(), 'loads') };
}

interface PlacesOptions {
  /** A state file that cannot be read is no state, and no error. */
  readonly damaged?: boolean;
  /** Which flags the command has; by default where a place is, and as whom. */
  readonly flagsOf?: FlagsOf;
  readonly ask?: Operator['ask'];
}

/**
 * A stack and its places, as the flags of a command over all of them mean them.
 *
 * @throws RemedyError (exit 3) when the state file is damaged
 */
export async function placesFor(
  stack: string,
  providers: readonly Provider[],
  flags: FlagValues,
  signal: AbortSignal,
  { damaged = false, flagsOf = ({ placeFlags }) => placeFlags, ask }: PlacesOptions = {},
): Promise<{ readonly paths: StackPaths; readonly places: readonly Place[] }> {
  const paths = pathsOf(stack);
  const state = await readState(paths.state).catch((error: unknown) => {
    if (!damaged) throw error;
    return undefined;
  });
  const own = (provider: Provider) => ownValues(flags, provider, providers, flagsOf);
  const common = { paths, operator: thisOperator(ask), signal };
  return { paths, places: placesOf(providers, state, { ...common, flagsOf: own }) };
}

/** The group that flags and stack mean; see `findGroup`. */
export async function groupOf(
  stack: string,
  providers: readonly Provider[],
  flags: FlagValues,
  signal: AbortSignal,
): Promise<FoundGroup> {
  const { paths, places } = await placesFor(stack, providers, flags, signal, { flagsOf: groupFlagsOf });
  await requireStack(paths);
  return findGroup(stack, places);
}

/**
 * Where the services of a stack answer.
 *
 * @throws RemedyError: exit 2 when there is no such stack, exit 3 when its state file is damaged
 */
export async function endpointsOf(stack: string): Promise<StackEndpoints> {
  const paths = pathsOf(stack);
  await requireStack(paths);
  return readEndpoints(paths, { linked: true });
}

/**
 * Where a stack begins, if it is deployed.
 *
 * @throws RemedyError: exit 2 or 3, see {@link endpointsOf}
 */
export async function deployedEntry(
  stack: string,
): Promise<{ readonly url: string; readonly title: string } | undefined> {
  const { urls } = await endpointsOf(stack);
  const { name, title } = entryOf();
  const url = urls[name];
  return url === undefined ? undefined : { url, title: `${title} of the stack ${stack}` };
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
  const { urls, auth } = await readEndpoints(paths, { linked: true }).catch(() => ({ urls: {}, auth: undefined }));
  const ofStack = auth === 'token' ? await readSecret(paths, TOKEN_SECRET) : undefined;
  return tokensFor({ given: await givenToken(tokenFile), ofStack, endpoints: Object.values(urls) });
}

async function givenToken(file: string | undefined): Promise<string | undefined> {
  const { CHAINCTL_TOKEN: token } = process.env;
  if (file === undefined) return token ? checkToken(token, 'CHAINCTL_TOKEN') : undefined;
  const text = await readSecretFile(file, 'token file').catch((error: unknown) => {
    throw tokenFileError(file, error);
  });
  return checkToken(text, `the token file ${file}`);
}

/**
 * How targets are reached from this machine: the proxies that its environment names, and authorities that are trusted
 * beside the usual ones.
 *
 * @param caFile of certificates, PEM
 * @throws RemedyError (exit 2) when the file cannot be read or holds no certificate
 */
export async function wayOut(caFile?: string): Promise<AgentTerms> {
  const proxyOf = (url: string) => proxyFor(url, process.env);
  return caFile === undefined ? { proxyOf } : { proxyOf, ca: await readAuthorities(caFile) };
}

/** What a run's manifest says about the program and the machine. */
export function aboutThisRun(version: string, commandLine: readonly string[]): Readonly<Record<string, unknown>> {
  const machine = { cpus: availableParallelism(), cpuModel: cpus()[0]?.model, memoryBytes: totalmem() };
  return {
    version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    machine,
    commandLine: redacted(commandLine),
  };
}
