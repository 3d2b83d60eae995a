import { ExitCode, RemedyError } from '../../../errors.ts';
import { makeToken, TOKEN_SECRET, tokenId } from '../../chain/token.ts';
import { applyPlan, type ObservedPlan, observeAndPlan } from '../../stack/apply.ts';
import type { PlannedChange } from '../../stack/change.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Desired } from '../../stack/resource.ts';
import { ensureSecret, readSecret, secretPath } from '../../stack/secrets.ts';
import { type StackDeps, withStack } from '../../stack/session.ts';
import type { Bundles } from './bundles.ts';
import { desiredChain, type Ports, type TokenFile, wantedKeys } from './desired.ts';
import { ensureOllama, modelFiles } from './ollama.ts';
import { portInUse } from './port-in-use.ts';
import { freePorts, LOOPBACK, tryPort } from './ports.ts';
import type { LocalRequest } from './request.ts';
import { findStackProcesses, type ProcessDeps, type ServiceSpec } from './service-process.ts';
import { sharedContext } from './shared-model.ts';
import { localTarget } from './target.ts';

export interface LocalDeployment {
  readonly stack: string;
  readonly target: 'local';
  readonly simulated: boolean;
  readonly changes: readonly PlannedChange[];
  readonly applied: boolean;
  readonly endpoints: { readonly a: string; readonly b: string };
  readonly logs: string;
}

export interface LocalDeps extends StackDeps {
  readonly processes: ProcessDeps;
  readonly bundles: Bundles;
}

/**
 * Brings the chain up on this machine, or changes what differs from the request.
 *
 * @param dryRun stop after the plan
 * @throws RemedyError: port in use (3), no Ollama (3), a process that dies or never gets ready (5), stack locked (6)
 */
export async function deployLocal(
  paths: StackPaths,
  request: LocalRequest,
  { dryRun }: { readonly dryRun: boolean },
  deps: LocalDeps,
): Promise<LocalDeployment> {
  const { processes } = deps;
  refuseOnePort(request);
  return withStack(paths, 'local', deps, async (steps) => {
    const { context, journal } = steps;
    const ports = await choosePorts(
      request,
      processes,
      (key) => (journal.resource(key)?.spec as ServiceSpec | undefined)?.port,
    );
    const token = request.auth === 'token' ? await tokenFile(paths, dryRun) : undefined;
    const target = localTarget(processes);
    const planFor = async (shared: Awaited<ReturnType<typeof contextOfBoth>>) => {
      if (shared !== undefined) context.emit({ type: 'note', level: 'info', text: shared.note });
      const desired = desiredChain(withContext(request, shared?.numCtx), ports, deps.bundles, processes, token);
      const plan = await observeAndPlan(target, desired, journal, context);
      context.emit({ type: 'plan', changes: plan.changes });
      return { desired, plan };
    };
    const shared = await contextOfBoth(request, context.signal);
    let { desired, plan } = await planFor(shared);
    const endpoints = { a: `http://${LOOPBACK}:${ports.get('a')}`, b: `http://${LOOPBACK}:${ports.get('proxy')}` };
    if (!dryRun) {
      await checkPorts(plan, desired, processes);
      if (request.engine === 'ollama') {
        const pulled = await ensureOllama(request.ollamaUrl, [request.modelA, request.modelB], context);
        const now = pulled ? await contextOfBoth(request, context.signal) : shared;
        if (now?.numCtx !== shared?.numCtx) ({ desired, plan } = await planFor(now));
      }
      const { auth = 'none' } = request;
      await journal.describe({ request, endpoints, auth, complete: false });
      await applyPlan(target, desired, plan, steps);
      await journal.describe({ request, endpoints, auth, complete: true });
    }
    return {
      stack: paths.name,
      target: 'local',
      simulated: request.engine === 'sim',
      changes: plan.changes,
      applied: !dryRun,
      endpoints,
      logs: paths.logs,
    };
  });
}

/**
 * The context that A and B have to share, as far as can be told now: which file a name is, an engine says once it has it.
 *
 * @throws RemedyError (exit 2) when two different contexts were asked for
 */
async function contextOfBoth({ engine, ollamaUrl, modelA, modelB, tuning }: LocalRequest, signal: AbortSignal) {
  const files = engine === 'ollama' ? await modelFiles(ollamaUrl, [modelA, modelB], signal) : [];
  return sharedContext(
    { model: modelA, numCtx: tuning?.a?.numCtx, file: files[0] },
    { model: modelB, numCtx: tuning?.b?.numCtx, file: files[1] },
  );
}

/** The same request, with this context for both; tokens. */
function withContext(request: LocalRequest, numCtx: number | undefined): LocalRequest {
  const { tuning } = request;
  return numCtx === undefined
    ? request
    : { ...request, tuning: { a: { ...tuning?.a, numCtx }, b: { ...tuning?.b, numCtx } } };
}

/** The stack's token, made when it is first needed; a dry run makes none. */
async function tokenFile(paths: StackPaths, dryRun: boolean): Promise<TokenFile> {
  const token = dryRun ? await readSecret(paths, TOKEN_SECRET) : await ensureSecret(paths, TOKEN_SECRET, makeToken);
  return { path: secretPath(paths, TOKEN_SECRET), id: token === undefined ? 'new' : tokenId(token) };
}

/** @throws RemedyError (exit 2) */
function refuseOnePort({ portA, portB }: LocalRequest): void {
  if (portA === 0 || portA !== portB) return;
  throw new RemedyError(`A and the proxy in front of B cannot both have port ${portA}`, {
    code: 'usage',
    exit: ExitCode.usage,
    nextSteps: ['give --port-a and --port-b different values, or 0 for any free one'],
  });
}

/**
 * A port for every process: what the operator asked for, else the one that its process already has, else the recorded
 * one while it is free (so that a restarted replica keeps its address), else any free one.
 */
async function choosePorts(
  request: LocalRequest,
  processes: ProcessDeps,
  recordedPort: (key: string) => number | undefined,
): Promise<Ports> {
  const live = new Map((await findStackProcesses(processes)).map(({ key, port }) => [key, port]));
  const asked = new Map(
    [
      ['a', request.portA],
      ['proxy', request.portB],
    ].filter(([, port]) => port !== 0) as [string, number][],
  );
  const taken = new Set([...asked.values(), ...live.values()]);
  const keys = wantedKeys(request);
  const fresh = await freePorts(keys.length);
  const ports = new Map<string, number>();
  for (const key of keys) {
    const known = asked.get(key) ?? live.get(key);
    const recorded = known === undefined ? recordedPort(key) : undefined;
    const reusable = recorded !== undefined && !taken.has(recorded) && (await tryPort(recorded)) !== undefined;
    const port = known ?? (reusable ? recorded : fresh.find((candidate) => !taken.has(candidate)));
    if (port === undefined) throw new Error(`no free port for ${key}`);
    taken.add(port);
    ports.set(key, port);
  }
  return ports;
}

/** Refuses before anything is started when a port that a new process needs belongs to somebody else. */
async function checkPorts(
  { changes }: ObservedPlan,
  desired: readonly Desired[],
  processes: ProcessDeps,
): Promise<void> {
  const own = new Set((await findStackProcesses(processes)).map(({ port }) => port));
  for (const { resource, spec } of desired) {
    const { port } = spec as ServiceSpec;
    const starts = changes.some(({ key, action }) => key === resource.key && action !== 'unchanged');
    if (starts && !own.has(port) && (await tryPort(port)) === undefined) {
      throw await portInUse(resource.key, port, processes);
    }
  }
}
