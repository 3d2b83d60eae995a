import { join } from 'node:path';
import { DRAIN_SECONDS } from '../../chain/drain.ts';
import { DEFAULT_CONCURRENCY, tuningEnv } from '../../chain/tuning.ts';
import { type Desired, desire } from '../../stack/resource.ts';
import type { Bundle, Bundles } from './bundles.ts';
import { LOOPBACK } from './ports.ts';
import type { LocalRequest } from './request.ts';
import type { ProcessDeps, ServiceSpec } from './service-process.ts';
import { localProcess, replicaKeys } from './target.ts';

/** Port of each process, by key. */
export type Ports = ReadonlyMap<string, number>;

/** The keys of all processes that a request asks for. */
export function wantedKeys(request: LocalRequest): string[] {
  return [...(request.engine === 'sim' ? ['engine'] : []), ...replicaKeys(request.replicas), 'proxy', 'a'];
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
 * @param token what A and B ask for; undefined for a chain that is open
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
  const tuned = (service: 'a' | 'b') => tuningEnv({ concurrency, ...request.tuning?.[service] });
  const replicas = replicaKeys(request.replicas);
  return [
    ...(request.engine === 'sim' ? [process('engine', bundles['engine-sim'], simulatedEngine(request))] : []),
    ...replicas.map((key) =>
      process(key, bundles['service-b'], {
        ...common(key),
        SERVICE_HOST: key,
        OLLAMA_MODEL: request.modelB,
        MIN_PROCESS_SECONDS: String(request.minProcessSeconds),
        ...tuned('b'),
      }),
    ),
    process('proxy', bundles.proxy, {
      PROXY_BACKENDS: replicas.map((key) => `${key}=${urlOf(key)}`).join(','),
      DRAIN_SECONDS: String(DRAIN_SECONDS),
    }),
    process('a', bundles['service-a'], {
      ...common('a'),
      OLLAMA_MODEL_A: request.modelA,
      REMOTE_B_URL: `${urlOf('proxy')}/invoke`,
      ...tuned('a'),
    }),
  ];
}

function simulatedEngine({ modelA, modelB, sim }: LocalRequest): Readonly<Record<string, string>> {
  return {
    SIM_MODELS: [...new Set([modelA, modelB])].join(','),
    SIM_OUTPUT_TOKENS_PER_SECOND: String(sim.outputTokensPerSecond),
    SIM_PROMPT_TOKENS_PER_SECOND: String(sim.promptTokensPerSecond),
    OLLAMA_NUM_PARALLEL: String(sim.parallel),
    DRAIN_SECONDS: String(DRAIN_SECONDS),
  };
}
