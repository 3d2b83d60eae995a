import { Flags, type Interfaces } from '@oclif/core';
import { authFlag } from '../../../config/cloud-flags.ts';
import { integerFlag, numberFlag, urlFlag } from '../../../config/flags.ts';
import { DEFAULT_CONCURRENCY } from '../../chain/tuning.ts';
import { variable } from '../../words.ts';
import { modelFlags, settingFlags } from '../../workloads/ask.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import type { FlagSet } from '../../workloads/service-definition.ts';
import { isReplicated, MAX_REPLICAS } from './replicas.ts';

/** Port of the proxy in front of replicas. */
const PROXY_PORT = 8080;

const portFlags: FlagSet = Object.fromEntries(
  SERVICES.map((service) => {
    const name = service.name.toUpperCase();
    const [what, port] = isReplicated(service)
      ? [`port of the proxy in front of ${name}`, PROXY_PORT]
      : [`${name}'s port`, service.port];
    const range = { default: port, min: 0, max: 65_535, env: variable('port', service.name) };
    return [`port-${service.name}`, integerFlag({ description: `${what}; 0 for any free one`, ...range })];
  }),
);

/** What is asked of the chain on this machine. */
export const localDeployFlags = {
  replicas: integerFlag({
    description: `replicas of ${SERVICES.filter((each) => isReplicated(each)).map(({ name }) => name.toUpperCase())}`,
    default: 3,
    min: 1,
    max: MAX_REPLICAS,
    env: 'CHAINCTL_REPLICAS',
  }),
  engine: Flags.option({
    description: 'engine that answers the prompts: simulated, your Ollama, or a server of the OpenAI API',
    options: ['sim', 'ollama', 'openai'] as const,
    default: 'sim',
    env: 'CHAINCTL_ENGINE',
  })(),
  'engine-url': urlFlag({
    description: 'openai, ollama: base URL of the engine [default for ollama: OLLAMA_HOST]',
    env: 'CHAINCTL_ENGINE_URL',
  }),
  'engine-api-key-file': Flags.string({
    description: 'openai: holds the API key of the engine; or CHAINCTL_ENGINE_API_KEY is it',
    helpValue: 'FILE',
    env: 'CHAINCTL_ENGINE_API_KEY_FILE',
  }),
  ...modelFlags(),
  ...settingFlags(),
  auth: authFlag({ default: 'none' }),
  ...portFlags,
  'sim-output-tokens': numberFlag({
    description: 'simulated engine: output tokens per second, shared by all slots',
    default: 1200,
    min: 0.001,
    env: 'CHAINCTL_SIM_OUTPUT_TOKENS',
  }),
  'sim-prompt-tokens': numberFlag({
    description: 'simulated engine: prompt tokens per second',
    default: 20_000,
    min: 0.001,
    env: 'CHAINCTL_SIM_PROMPT_TOKENS',
  }),
  'sim-parallel': integerFlag({
    description: `simulated engine: slots of each model [default: that of --concurrency, else ${DEFAULT_CONCURRENCY}]`,
    min: 1,
    max: 1024,
    env: 'CHAINCTL_SIM_PARALLEL',
  }),
};

export type LocalFlags = Interfaces.InferredFlags<typeof localDeployFlags>;
