import { join } from 'node:path';
import { DRAIN_SECONDS } from '../../chain/drain.ts';
import { DEFAULT_CONCURRENCY, tuningEnv } from '../../chain/tuning.ts';
import { type Desired, desire } from '../../stack/resource.ts';
import { definitionOf, neededFirst } from '../../workloads/catalog.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import type { Bundle, Bundles } from './bundles.ts';
import { LOOPBACK } from './ports.ts';
import { frontOf, isReplicated, replicaKeys } from './replicas.ts';
import type { LocalRequest } from './request.ts';
import type { ProcessDeps, ServiceSpec } from './service-process.ts';
import { localProcess } from './target.ts';

/** Port of each process, by key. */
export type Ports = ReadonlyMap<string, number>;

/** The services of a request, those that others need first. */
export function servicesOf({ services }: Pick<LocalRequest, 'services'>): ServiceDefinition[] {
  return neededFirst(Object.keys(services).map(definitionOf));
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

/**
 * Turns a request into the processes that make it up. Pure.
 *
 * @param token what the services ask for; undefined for a chain that is open
 */
export function desiredChain(
  request: LocalRequest,
  ports: Ports,
  bundles: Bundles,
  deps: ProcessDeps,
  token?: TokenFile,
): Desired[] {
  const urlOf = (key: string) => `http://${LOOPBACK}:${ports.get(key)}`;
  const engineUrl = request.engine === 'sim' ? urlOf('engine') : request.ollamaUrl;
  const process = (key: string, bundle: Bundle, env: Readonly<Record<string, string>>): Desired => {
    const spec: ServiceSpec = {
      bundle: bundle.path,
      bundleHash: bundle.hash,
      port: ports.get(key) as number,
      env,
    };
    return desire(localProcess(key, deps, request.replicas), spec);
  };
  const common = (key: string) => ({
    OLLAMA_URL: engineUrl,
    DRAIN_SECONDS: String(DRAIN_SECONDS),
    LOG_PATH: join(deps.logs, `${key}.requests.jsonl`),
    ...(token === undefined ? {} : { AUTH_TOKEN_FILE: token.path, AUTH_TOKEN_ID: token.id }),
  });
  // Where nothing else is said, no more work at a time than the engine has slots.
  const concurrency = request.engine === 'sim' ? request.sim.parallel : DEFAULT_CONCURRENCY;
  const links = Object.fromEntries(servicesOf(request).map((each) => [each.name, urlOf(frontOf(each))]));
  const envOf = ({ name, env }: ServiceDefinition) => {
    const settings = request.services[name] ?? {};
    return { ...env(settings, links), ...tuningEnv({ concurrency, ...settings.tuning }) };
  };
  const bundleOf = (name: string) => bundles[name] as Bundle;
  return [
    ...(request.engine === 'sim' ? [process('engine', bundleOf('engine-sim'), simulatedEngine(request))] : []),
    ...servicesOf(request).flatMap((service) => {
      const bundle = bundleOf(service.name);
      if (!isReplicated(service)) {
        return [process(service.name, bundle, { ...common(service.name), ...envOf(service) })];
      }
      const replicas = replicaKeys(service, request.replicas);
      return [
        ...replicas.map((key) => process(key, bundle, { ...common(key), SERVICE_HOST: key, ...envOf(service) })),
        process(frontOf(service), bundleOf('proxy'), {
          PROXY_BACKENDS: replicas.map((key) => `${key}=${urlOf(key)}`).join(','),
          DRAIN_SECONDS: String(DRAIN_SECONDS),
        }),
      ];
    }),
  ];
}

function simulatedEngine({ services, sim }: LocalRequest): Readonly<Record<string, string>> {
  const models = Object.keys(services).flatMap((name) => services[name]?.model ?? []);
  return {
    SIM_MODELS: [...new Set(models)].join(','),
    SIM_OUTPUT_TOKENS_PER_SECOND: String(sim.outputTokensPerSecond),
    SIM_PROMPT_TOKENS_PER_SECOND: String(sim.promptTokensPerSecond),
    OLLAMA_NUM_PARALLEL: String(sim.parallel),
    DRAIN_SECONDS: String(DRAIN_SECONDS),
  };
}
