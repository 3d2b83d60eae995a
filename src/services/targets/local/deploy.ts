import { remedy } from '../../../errors.ts';
import { TOKEN_SECRET, tokenId } from '../../chain/token.ts';
import { applyPlan, observeAndPlan } from '../../stack/apply.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Deployed, PlannedDeploy } from '../../stack/provider.ts';
import { secretPath, stackToken } from '../../stack/secrets.ts';
import type { StepDeps } from '../../stack/steps.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import { desiredChain, loadBundles, modelsOf, servicesOf, type TokenFile, wantedKeys } from './desired.ts';
import { whereNamed, withModels } from './engine-models.ts';
import { engineText, pipelineOf } from './engine-text.ts';
import { ensureOllama, missingModels, modelFiles } from './ollama.ts';
import { givenApiKey, keepApiKey } from './openai.ts';
import { placeFiles } from './place-files.ts';
import { freePort, LOOPBACK, portInUse, tryPort } from './ports.ts';
import { frontOf, isReplicated } from './replicas.ts';
import type { LocalRequest } from './request.ts';
import { findStackProcesses, localTarget, type ProcessDeps, type ServiceSpec } from './service-process.ts';
import { type ModelOfService, sharedContext } from './shared-model.ts';

/** What the services of this machine are made from. */
export interface LocalDeps {
  readonly paths: StackPaths;
  readonly processes: ProcessDeps;
  /** Folder of the built services. */
  readonly bundles: string;
  /** The operator's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Plans the chain on this machine, or what of it differs from the request. To be applied, it needs free ports, and an
 * engine that has the models: they are pulled here, since only then it is known whether two names are one model.
 *
 * @throws RemedyError: port in use (3), no Ollama (3), a process that dies or never gets ready (5)
 */
export async function planLocal(
  asked: LocalRequest,
  steps: StepDeps,
  { make }: { readonly make: boolean },
  { paths, processes, bundles, env }: LocalDeps,
): Promise<PlannedDeploy> {
  const { context, journal } = steps;
  const { signal } = context;
  refuseOnePort(asked);
  // Whatever is wrong with the request or the package, it is said before gigabytes are pulled.
  const built = await loadBundles(bundles);
  const { openai } = asked;
  const key = openai && (await givenApiKey(openai, env));
  const { request, warnings } =
    openai === undefined
      ? { request: asked, warnings: [] }
      : await withModels(asked, openai, { key, env, make, signal });
  const live = new Map((await findStackProcesses(processes)).map(({ key, port }) => [key, port]));
  const ports = await choosePorts(
    request,
    live,
    (key) => (journal.resource(key)?.spec as ServiceSpec | undefined)?.port,
  );
  if (make && request.engine === 'ollama') {
    await sharingModels(request, signal);
    await ensureOllama(request.ollamaUrl, modelsOf(request), context, (model) => whereNamed(request, model, env));
  }
  const shared = await sharingModels(request, signal);
  const missing =
    request.engine === 'ollama' && !make ? await missingModels(request.ollamaUrl, modelsOf(request), signal) : [];
  const pulls = missing.length === 0 ? [] : [`Ollama pulls ${missing.join(' and ')} first, which it does not have`];
  const token = request.auth === 'token' ? await tokenFile(paths, make) : undefined;
  const apiKey = await keepApiKey(paths, key, make);
  const carried = await placeFiles(paths, request, env, make);
  const target = localTarget(processes);
  const desired = desiredChain(shared.request, ports, built, processes, token, apiKey, carried);
  const plan = await observeAndPlan(target, desired, journal, context);
  const own = new Set(live.values());
  // Refused before anything is started: a port that a new process needs, and somebody else has.
  for (const { key, action } of plan.changes) {
    const port = ports.get(key);
    if (!make || port === undefined || action === 'unchanged' || own.has(port)) continue;
    if ((await tryPort(port)) === undefined) throw await portInUse(key, port, processes);
  }
  const services = SERVICES.filter(({ name }) => request.services[name] !== undefined);
  const deployed: Deployed = {
    where: 'on this machine',
    simulated: request.engine === 'sim',
    endpoints: Object.fromEntries(
      services.map((each) => [each.name, `http://${LOOPBACK}:${ports.get(frontOf(each))}`]),
    ),
    details: { logs: paths.logs, engine: engineText(request), ...pipelineOf(request) },
    facts: { engine: engineText(request), ...pipelineOf(request), logs: paths.logs },
  };
  return {
    changes: plan.changes,
    notes: [
      ...[...shared.notes, `engine: ${engineText(request)}`, ...pulls].map(
        (text) => ({ level: 'info', text }) as const,
      ),
      ...warnings.map((text) => ({ level: 'warn', text }) as const),
    ],
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
 * The request with the contexts that services have to share with their model, as far as can be told now: which file a name
 * is, an engine says once it has it.
 *
 * @throws RemedyError (exit 2) when two different contexts were asked for
 */
async function sharingModels(request: LocalRequest, signal: AbortSignal) {
  // Its context is its own.
  if (request.engine === 'openai') return { request, notes: [] };
  const asked = SERVICES.flatMap((service): ModelOfService[] => {
    const { model, tuning } = request.services[service.name] ?? {};
    return model === undefined ? [] : [{ service, model, numCtx: tuning?.numCtx }];
  });
  const models = asked.map(({ model }) => model);
  const files = request.engine === 'ollama' ? await modelFiles(request.ollamaUrl, models, signal) : [];
  const withFiles = asked.map((each, index) => ({ ...each, file: files[index] }));
  const services = { ...request.services };
  const notes: string[] = [];
  for (const [index, one] of withFiles.entries()) {
    for (const other of withFiles.slice(index + 1)) {
      const { note, numCtx } = sharedContext(one, other) ?? {};
      if (note === undefined) continue;
      notes.push(note);
      for (const { name } of [one.service, other.service]) {
        services[name] = { ...services[name], tuning: { ...services[name]?.tuning, numCtx } };
      }
    }
  }
  return { request: { ...request, services }, notes };
}

/** The stack's token, made when it is first needed; a dry run makes none. */
async function tokenFile(paths: StackPaths, make: boolean): Promise<TokenFile> {
  const token = await stackToken(paths, make);
  return { path: secretPath(paths, TOKEN_SECRET), id: token === undefined ? 'new' : tokenId(token) };
}

/** @throws RemedyError (exit 2) */
function refuseOnePort(request: LocalRequest): void {
  const chosen = SERVICES.filter(({ name }) => request.services[name] !== undefined && request.ports[name]);
  for (const [port, [one, other]] of Map.groupBy(chosen, ({ name }) => request.ports[name])) {
    if (one === undefined || other === undefined) continue;
    const [first, second] = [one, other].map((each) => {
      const name = each.name.toUpperCase();
      return isReplicated(each) ? `the proxy in front of ${name}` : name;
    });
    throw remedy.usage('usage', `${first} and ${second} cannot both have port ${port}`, [
      `give --port-${one.name} and --port-${other.name} different values, or 0 for any free one`,
    ]);
  }
}

/**
 * A port for every process, by key: what the operator asked for, else the one that its process already has, else the
 * recorded one while it is free (so that a restarted replica keeps its address), else any free one.
 */
async function choosePorts(
  request: LocalRequest,
  live: ReadonlyMap<string, number>,
  recordedPort: (key: string) => number | undefined,
): Promise<ReadonlyMap<string, number>> {
  const asked = new Map(servicesOf(request).map((each) => [frontOf(each), request.ports[each.name] || undefined]));
  const taken = new Set([...asked.values(), ...live.values()].filter((port) => port !== undefined));
  const ports = new Map<string, number>();
  for (const key of wantedKeys(request)) {
    const port = asked.get(key) ?? live.get(key) ?? (await freePort(taken, recordedPort(key)));
    taken.add(port);
    ports.set(key, port);
  }
  return ports;
}
