import { Flags, type Interfaces } from '@oclif/core';
import { durationFlag, integerFlag, modelFlag, numberFlag } from '../../../config/flags.ts';
import { tuningFlags } from '../../../config/tuning-flags.ts';
import { DEFAULT_CONCURRENCY } from '../../chain/tuning.ts';

/** Replicas are numbered from 1; a number beyond any sensible count bounds what `handle` has to know. */
export const MAX_REPLICAS = 64;

/** What is asked of the chain on this machine. */
export const localDeployFlags = {
  replicas: integerFlag({
    description: 'replicas of B',
    default: 3,
    min: 1,
    max: MAX_REPLICAS,
    env: 'CHAINCTL_REPLICAS',
  }),
  engine: Flags.option({
    description: 'what answers the prompts',
    options: ['sim', 'ollama'] as const,
    default: 'sim',
    env: 'CHAINCTL_ENGINE',
  })(),
  'model-a': modelFlag({ description: "A's model", default: 'tinyllama', env: 'CHAINCTL_MODEL_A' }),
  'model-b': modelFlag({ description: "B's model", default: 'phi3:mini', env: 'CHAINCTL_MODEL_B' }),
  'min-process-seconds': durationFlag({
    description: 'shortest time of an answer of B',
    default: 5,
    defaultHelp: async () => '5s',
    min: 0,
    max: 3600,
    env: 'CHAINCTL_MIN_PROCESS_SECONDS',
  }),
  ...tuningFlags,
  auth: Flags.option({
    description: "require the stack's bearer token (smoke and load send it automatically)",
    options: ['none', 'token'] as const,
    default: 'none',
    env: 'CHAINCTL_AUTH',
  })(),
  'port-a': integerFlag({
    description: "A's port; 0 for any free one",
    default: 8001,
    min: 0,
    max: 65_535,
    env: 'CHAINCTL_PORT_A',
  }),
  'port-b': integerFlag({
    description: 'port of the proxy in front of B; 0 for any free one',
    default: 8080,
    min: 0,
    max: 65_535,
    env: 'CHAINCTL_PORT_B',
  }),
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
    description: `simulated engine: slots of each model [default: --concurrency, else ${DEFAULT_CONCURRENCY}]`,
    min: 1,
    max: 1024,
    env: 'CHAINCTL_SIM_PARALLEL',
  }),
};

export type LocalFlags = Interfaces.InferredFlags<typeof localDeployFlags>;
