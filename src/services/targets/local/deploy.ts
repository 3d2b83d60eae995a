import { ExitCode, RemedyError } from '../../../errors.ts';
import { makeToken, TOKEN_SECRET, tokenId } from '../../chain/token.ts';
import { applyPlan, type ObservedPlan, observeAndPlan } from '../../stack/apply.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Deployed, PlannedDeploy } from '../../stack/provider.ts';
import type { Desired } from '../../stack/resource.ts';
import { ensureSecret, readSecret, secretPath } from '../../stack/secrets.ts';
import type { StepDeps } from '../../stack/steps.ts';
import type { Bundles } from './bundles.ts';
import { desiredChain, type Ports, type TokenFile, wantedKeys } from './desired.ts';
import { ensureOllama, modelFiles } from './ollama.ts';
import { portInUse } from './port-in-use.ts';
import { freePorts, LOOPBACK, tryPort } from './ports.ts';
import type { LocalRequest } from './request.ts';
import { findStackProcesses, type ProcessDeps, type ServiceSpec } from './service-process.ts';
import { sharedContext } from './shared-model.ts';
import { localTarget } from './target.ts';

/** What the services of this machine are made from. */
export interface LocalDeps {
  readonly paths: StackPaths;
  readonly processes: ProcessDeps;
  readonly bundles: Bundles;
}

/**
 * Plans the chain on this machine, or what of it differs from the request. To be applied, it needs free ports, and an
 * engine that has the models: they are pulled here, since only then it is known whether two names are one model.
 *
 * @throws RemedyError: port in use (3), no Ollama (3), a process that dies or never gets ready (5)
 */
export async function planLocal(
  request: LocalRequest,
  steps: StepDeps,
  { make }: { readonly make: boolean },
  { paths, processes, bundles }: LocalDeps,
): Promise<PlannedDeploy> {
  const { context, journal } = steps;
  refuseOnePort(request);
  const ports = await choosePorts(
    request,
    processes,
    (key) => (journal.resource(key)?.spec as ServiceSpec | undefined)?.port,
  );
  if (make && request.engine === 'ollama') {
    // Whatever is wrong with the request, it is said before gigabytes are pulled.
    await contextOfBoth(request, context.signal);
    await ensureOllama(request.ollamaUrl, [request.modelA, request.modelB], context);
  }
  const shared = await contextOfBoth(request, context.signal);
  const token = request.auth === 'token' ? await tokenFile(paths, make) : undefined;
  const target = localTarget(processes);
  const desired = desiredChain(withContext(request, shared?.numCtx), ports, bundles, processes, token);
  const plan = await observeAndPlan(target, desired, journal, context);
  if (make) await checkPorts(plan, desired, processes);
  const deployed: Deployed = {
    where: 'on this machine',
    simulated: request.engine === 'sim',
    endpoints: { a: `http://${LOOPBACK}:${ports.get('a')}`, b: `http://${LOOPBACK}:${ports.get('proxy')}` },
    details: { logs: paths.logs },
    facts: { logs: paths.logs },
  };
  return {
    changes: plan.changes,
    notes: shared === undefined ? [] : [{ level: 'info', text: shared.note }],
    request,
    auth: request.auth ?? 'none',
    preview: deployed,
    async apply() {
      await applyPlan(target, desired, plan, steps);
      return deployed;
    },
  };
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
async function tokenFile(paths: StackPaths, make: boolean): Promise<TokenFile> {
  const token = make ? await ensureSecret(paths, TOKEN_SECRET, makeToken) : await readSecret(paths, TOKEN_SECRET);
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
