import { remedy } from '../../../errors.ts';
import { TOKEN_SECRET, tokenId } from '../../chain/token.ts';
import { applyPlan, type ObservedPlan, observeAndPlan } from '../../stack/apply.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Deployed, PlannedDeploy } from '../../stack/provider.ts';
import type { Desired } from '../../stack/resource.ts';
import { secretPath, stackToken } from '../../stack/secrets.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import type { Bundles } from './bundles.ts';
import { desiredChain, type Ports, servicesOf, type TokenFile, wantedKeys } from './desired.ts';
import { ensureOllama, modelFiles } from './ollama.ts';
import { portInUse } from './port-in-use.ts';
import { freePorts, LOOPBACK, tryPort } from './ports.ts';
import { frontOf, isReplicated } from './replicas.ts';
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
    await sharedContexts(request, context.signal);
    await ensureOllama(request.ollamaUrl, modelsOf(request), context);
  }
  const shared = await sharedContexts(request, context.signal);
  const token = request.auth === 'token' ? await tokenFile(paths, make) : undefined;
  const target = localTarget(processes);
  const desired = desiredChain(withContexts(request, shared.contexts), ports, bundles, processes, token);
  const plan = await observeAndPlan(target, desired, journal, context);
  if (make) await checkPorts(plan, desired, processes);
  const deployed: Deployed = {
    where: 'on this machine',
    simulated: request.engine === 'sim',
    endpoints: Object.fromEntries(
      SERVICES.filter(({ name }) => request.services[name] !== undefined).map((each) => [
        each.name,
        `http://${LOOPBACK}:${ports.get(frontOf(each))}`,
      ]),
    ),
    details: { logs: paths.logs },
    facts: { logs: paths.logs },
  };
  return {
    changes: plan.changes,
    notes: shared.notes.map((text) => ({ level: 'info', text })),
    request,
    auth: request.auth ?? 'none',
    preview: deployed,
    async apply() {
      await applyPlan(target, desired, plan, steps);
      return deployed;
    },
  };
}

function modelsOf(request: LocalRequest): string[] {
  return servicesOf(request).flatMap(({ name }) => request.services[name]?.model ?? []);
}

/**
 * The contexts of services that share a model, as far as can be told now: which file a name is, an engine says once it has
 * it. Tokens, by service.
 *
 * @throws RemedyError (exit 2) when two different contexts were asked for
 */
async function sharedContexts(request: LocalRequest, signal: AbortSignal) {
  const { engine, ollamaUrl } = request;
  const services = SERVICES.filter(({ name }) => request.services[name]?.model !== undefined);
  const models = services.map(({ name }) => request.services[name]?.model as string);
  const files = engine === 'ollama' ? await modelFiles(ollamaUrl, models, signal) : [];
  const asked = services.map((service, index) => ({
    service,
    model: models[index] as string,
    numCtx: request.services[service.name]?.tuning?.numCtx,
    file: files[index],
  }));
  const contexts: Record<string, number> = {};
  const notes: string[] = [];
  for (const [index, one] of asked.entries()) {
    for (const other of asked.slice(index + 1)) {
      const shared = sharedContext(one, other);
      if (shared === undefined) continue;
      notes.push(shared.note);
      for (const { service } of [one, other]) contexts[service.name] = shared.numCtx;
    }
  }
  return { contexts, notes };
}

/** The same request, with these contexts; tokens. */
function withContexts(request: LocalRequest, contexts: Readonly<Record<string, number>>): LocalRequest {
  const services = Object.entries(request.services).map(([name, settings]) => {
    const numCtx = contexts[name];
    return [name, numCtx === undefined ? settings : { ...settings, tuning: { ...settings.tuning, numCtx } }];
  });
  return { ...request, services: Object.fromEntries(services) };
}

/** The stack's token, made when it is first needed; a dry run makes none. */
async function tokenFile(paths: StackPaths, make: boolean): Promise<TokenFile> {
  const token = await stackToken(paths, make);
  return { path: secretPath(paths, TOKEN_SECRET), id: token === undefined ? 'new' : tokenId(token) };
}

/** @throws RemedyError (exit 2) */
function refuseOnePort(request: LocalRequest): void {
  const services = servicesOf(request).toReversed();
  const portOf = ({ name }: ServiceDefinition) => request.ports[name] ?? 0;
  for (const [index, one] of services.entries()) {
    const other = services.slice(index + 1).find((each) => portOf(each) !== 0 && portOf(each) === portOf(one));
    if (other === undefined) continue;
    const [first, second] = [one, other].map((each) => {
      const name = each.name.toUpperCase();
      return isReplicated(each) ? `the proxy in front of ${name}` : name;
    });
    throw remedy.usage('usage', `${first} and ${second} cannot both have port ${portOf(one)}`, [
      `give --port-${one.name} and --port-${other.name} different values, or 0 for any free one`,
    ]);
  }
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
    servicesOf(request)
      .map((each) => [frontOf(each), request.ports[each.name] ?? 0] as const)
      .filter(([, port]) => port !== 0),
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
