import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { remedy } from '../../../errors.ts';
import { DRAIN_SECONDS } from '../../chain/drain.ts';
import { DEFAULT_CONCURRENCY, tuningEnv } from '../../chain/tuning.ts';
import { shortHash } from '../../machine/templates.ts';
import { type Desired, desire } from '../../stack/resource.ts';
import { definitionOf, neededFirst, SERVICES } from '../../workloads/catalog.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import { LOOPBACK } from './ports.ts';
import { frontOf, isReplicated, replicaKeys } from './replicas.ts';
import type { LocalRequest } from './request.ts';
import { type ProcessDeps, type ServiceSpec, serviceProcess } from './service-process.ts';

/** A built service: its file and the hash of its content. */
type Bundle = Pick<ServiceSpec, 'bundle' | 'bundleHash'>;

/** Reads the built services that came with the package, those of services by themselves, `engine-sim` and `proxy`. */
export async function loadBundles(folder: string): Promise<Readonly<Record<string, Bundle>>> {
  const own = ['engine-sim', 'proxy'].map((name) => ({ name, image: { bundle: `${name}.mjs` } }));
  const load = async ({ name, image }: (typeof own)[number]): Promise<[string, Bundle]> => {
    const bundle = resolve(folder, image.bundle);
    try {
      return [name, { bundle, bundleHash: shortHash(await readFile(bundle)) }];
    } catch (error) {
      throw remedy.configuration(
        'not-built',
        `the built service ${bundle} is missing`,
        ['in a checkout: npm run build', 'otherwise install chainctl again'],
        error,
      );
    }
  };
  return Object.fromEntries(await Promise.all([...SERVICES, ...own].map(load)));
}

/** The services of a request, those that others need first. */
export function servicesOf({ services }: Pick<LocalRequest, 'services'>): ServiceDefinition[] {
  return neededFirst(Object.keys(services).map(definitionOf));
}

/** The models of a request, each once. */
export function modelsOf({ services }: Pick<LocalRequest, 'services'>): string[] {
  return [
    ...new Set(
      Object.values(services).flatMap(({ model, otherModels = [] }) => [
        ...(model === undefined ? [] : [model]),
        ...otherModels,
      ]),
    ),
  ];
}

/** The keys of all processes that a request asks for. */
export function wantedKeys(request: LocalRequest): string[] {
  const services = servicesOf(request).flatMap((service) =>
    isReplicated(service) ? [...replicaKeys(service, request.replicas), frontOf(service)] : [service.name],
  );
  return [...(request.engine === 'sim' ? ['engine'] : []), ...services];
}

/** The stack's token as a service gets to know it: by the file that holds it. */
export interface TokenFile {
  readonly path: string;
  /** Of its content: a service with another token is another one. */
  readonly id: string;
}

/** Where a service finds its engine. An engine with Ollama's API keeps the variables of earlier versions. */
function engineEnv({ engine, ollamaUrl, openai }: LocalRequest, simUrl: string, apiKey: TokenFile | undefined) {
  if (engine !== 'openai') return { OLLAMA_URL: engine === 'sim' ? simUrl : ollamaUrl };
  const key = apiKey === undefined ? {} : { ENGINE_API_KEY_FILE: apiKey.path, ENGINE_API_KEY_ID: apiKey.id };
  return { ENGINE: 'openai', ENGINE_URL: openai?.url ?? '', ...key };
}

/**
 * Turns a request into the processes that make it up. Pure.
 *
 * @param ports of each process, by key
 * @param token what the services ask for; undefined for a chain that is open
 * @param apiKey what the engine asks for
 * @param carried what tells services of the files that their settings name, by service
 */
export function desiredChain(
  request: LocalRequest,
  ports: ReadonlyMap<string, number>,
  bundles: Readonly<Record<string, Bundle>>,
  deps: ProcessDeps,
  token?: TokenFile,
  apiKey?: TokenFile,
  carried: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): Desired[] {
  const { engine, sim, replicas } = request;
  const services = servicesOf(request);
  const urlOf = (key: string) => `http://${LOOPBACK}:${ports.get(key)}`;
  const process = (key: string, bundle: string, env: Readonly<Record<string, string>>): Desired => {
    const spec = { ...(bundles[bundle] as Bundle), port: ports.get(key) as number, env };
    return desire(serviceProcess(key, deps, replicas), spec);
  };
  const drain = { DRAIN_SECONDS: String(DRAIN_SECONDS) };
  // Where nothing else is said, no more work at a time than the engine has slots.
  const concurrency = engine === 'sim' ? sim.parallel : DEFAULT_CONCURRENCY;
  const links = Object.fromEntries(services.map((each) => [each.name, urlOf(frontOf(each))]));
  const serve = (key: string, { name, env }: ServiceDefinition, host: { readonly SERVICE_HOST?: string } = {}) => {
    const settings = request.services[name] ?? {};
    return process(key, name, {
      ...engineEnv(request, urlOf('engine'), apiKey),
      ...drain,
      LOG_PATH: join(deps.logs, `${key}.requests.jsonl`),
      ...(token === undefined ? {} : { AUTH_TOKEN_FILE: token.path, AUTH_TOKEN_ID: token.id }),
      ...host,
      ...env(settings, links),
      ...settings.set,
      ...carried[name],
      ...tuningEnv({ concurrency, ...settings.tuning }),
    });
  };
  const simulated = {
    SIM_MODELS: modelsOf(request).join(','),
    SIM_OUTPUT_TOKENS_PER_SECOND: String(sim.outputTokensPerSecond),
    SIM_PROMPT_TOKENS_PER_SECOND: String(sim.promptTokensPerSecond),
    OLLAMA_NUM_PARALLEL: String(sim.parallel),
    ...drain,
  };
  return [
    ...(engine === 'sim' ? [process('engine', 'engine-sim', simulated)] : []),
    ...services.flatMap((service) => {
      if (!isReplicated(service)) return [serve(service.name, service)];
      const keys = replicaKeys(service, replicas);
      const backends = keys.map((key) => `${key}=${urlOf(key)}`).join(',');
      return [
        ...keys.map((key) => serve(key, service, { SERVICE_HOST: key })),
        process(frontOf(service), 'proxy', { PROXY_BACKENDS: backends, ...drain }),
      ];
    }),
  ];
}
