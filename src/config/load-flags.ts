import { Flags, type Interfaces } from '@oclif/core';
import { DEFAULT_RATES } from '../services/load/schedule/rates.ts';
import { durationFlag, integerFlag, otlpFlag } from './flags.ts';
import { tokenFileFlag } from './token-flag.ts';

/** The flags of `chainctl load`. */
export const loadFlags = {
  target: Flags.string({
    description: "chain (A) or invoke (B) of the deployed stack, or a URL; a URL's default path is /chain",
    default: 'chain',
    env: 'CHAINCTL_LOAD_TARGET',
    helpValue: 'chain|invoke|URL',
  }),
  rps: Flags.string({
    description: 'requests per second of each point: 1,10,50 or 1,10,...,1000 or 100..1000:100',
    default: DEFAULT_RATES.join(','),
    env: 'CHAINCTL_LOAD_RPS',
    helpValue: 'LIST',
  }),
  duration: durationFlag({ description: 'of each point', default: 10, min: 0.1, env: 'CHAINCTL_LOAD_DURATION' }),
  warmup: durationFlag({ description: 'at the same rate before each point, not in the figures', default: 2 }),
  timeout: durationFlag({ description: 'of each request, connecting included', default: 180, min: 0.001 }),
  drain: durationFlag({ description: 'longest wait for open requests after each point', default: 120 }),
  'max-in-flight': integerFlag({
    description: 'requests beyond it are dropped [default: what this machine allows]',
    min: 1,
  }),
  tag: Flags.string({
    description:
      'first word of the result files [default: what the target is deployed on: local, aws, gcp; local for a URL]',
    env: 'RUN_TAG',
  }),
  out: Flags.string({ description: 'folder of the result files', default: 'results', env: 'CHAINCTL_LOAD_OUT' }),
  'prompt-file': Flags.string({
    description: 'prompt of 1000 characters or more; made unique per request',
    helpValue: 'FILE',
  }),
  'shared-prefix': integerFlag({
    description:
      'tokens, about, that all prompts begin with in common; without it they differ from the first letter on',
    default: 0,
    min: 0,
    max: 10_000,
  }),
  'token-file': tokenFileFlag,
  seed: integerFlag({ description: 'makes the prompts repeatable [default: random]', min: 0, max: 0xffff_ffff }),
  preflight: Flags.boolean({
    description: 'ask the target for its health and measure single requests first, and again between points',
    default: true,
    allowNo: true,
  }),
  gate: durationFlag({
    description: 'longest wait between points for the target to be calm again [default: 30s, or three answers]',
  }),
  arrivals: Flags.option({ options: ['constant', 'poisson'] as const, default: 'constant' as const })({
    description: 'even, or as independent users come',
  }),
  stream: Flags.boolean({ description: 'ask for streamed answers and measure their tokens' }),
  'requests-per-connection': integerFlag({
    description: 'then a new connection: a load balancer only spreads those [default: no bound]',
    min: 1,
  }),
  'connection-age': durationFlag({ description: 'after which a connection is not used again [default: no bound]' }),
  slo: Flags.string({ description: 'threshold that every point has to meet', multiple: true, helpValue: 'p95<2s' }),
  'abort-on': Flags.string({
    description: 'ends point and sweep as soon as it holds',
    multiple: true,
    helpValue: 'error-rate=50%',
  }),
  'stop-above-knee': Flags.boolean({ description: 'leave out the points above the first not sustained' }),
  'find-knee': Flags.boolean({ description: 'search between the lowest and the highest rate of --rps' }),
  'max-duration': durationFlag({
    description: 'longest point that --find-knee takes by itself where --duration does not tell [default: 10m]',
    min: 0.1,
  }),
  otlp: otlpFlag({
    description: 'send metrics there, over HTTP, while it runs and at the end (OpenTelemetry)',
    env: 'CHAINCTL_LOAD_OTLP',
  }),
  resume: Flags.string({
    description: "measure what is missing in a run, with the run's own settings",
    helpValue: 'RUN',
  }),
};

export type LoadFlags = Interfaces.InferredFlags<typeof loadFlags>;
