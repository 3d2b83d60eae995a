import { TUNING, TUNING_NAMES } from '../chain/tuning.ts';
import type { ServiceDefinition } from './service-definition.ts';

/** By variable, the flags that set it; none where nobody needs to. */
type FlagsOf = Readonly<Record<string, readonly string[]>>;

/** What a deploy sets of every service itself. */
function ofAll(service: string): FlagsOf {
  const model = [`model-${service}`, 'model'];
  const tuning = TUNING_NAMES.map((name) => [
    TUNING[name].variable,
    [name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)],
  ]);
  return {
    PORT: [`port-${service}`],
    ...{ BIND_ADDRESS: [], SERVICE_HOST: [], DRAIN_SECONDS: [], LOG_PATH: [] },
    AUTH_TOKEN: ['auth'],
    MODEL_NAME: model,
    ENGINE: ['engine'],
    ...{ ENGINE_URL: ['engine-url'], OLLAMA_URL: ['engine-url'] },
    ...{ LLM_SERVICE_HOST_IP: ['engine-url'], LLM_SERVICE_PORT: ['engine-url'] },
    ENGINE_API_KEY: ['engine-api-key-file'],
    OLLAMA_NUM_PARALLEL: ['concurrency'],
    ...Object.fromEntries(tuning),
  };
}

/**
 * The flags of a variable that a deploy sets itself, which nobody is to set beside it; undefined for one that it leaves to
 * the service. Pure.
 */
export function flagsOfOwn(
  { name: service, variables = {} }: Pick<ServiceDefinition, 'name' | 'variables'>,
  name: string,
): readonly string[] | undefined {
  const own: FlagsOf = { ...ofAll(service), ...variables };
  const plain = name.replace(/_FILE$/, '');
  if (Object.hasOwn(own, name)) return own[name];
  return Object.hasOwn(own, plain) ? own[plain] : undefined;
}
