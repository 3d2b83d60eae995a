import { Flags, type Interfaces } from '@oclif/core';
import { outputFlags } from '../services/load/outputs/outputs.ts';
import { DEFAULT_RATES } from '../services/load/schedule/rates.ts';
import { entryOf, SERVICES } from '../services/workloads/catalog.ts';
import { caFileFlag, durationFlag, formerly, grouped, integerFlag, resultsFlag, tokenFileFlag } from './flags.ts';
import { bodyFlags, requestFlags } from './request-flags.ts';
import { arrivalFlags, thinkTimeFlag, workloadFlags } from './workload-flags.ts';

const wordOf = ({ path }: { readonly path: string }) => path.slice(1);

const targetFlag = Flags.string({
  description: `a service of the stack (${SERVICES.map(wordOf).join(', ')}), a URL of any server, or a socket file (unix:/run/x.sock:/path)`,
  default: wordOf(entryOf()),
  env: 'CHAINCTL_TARGET',
  helpValue: 'NAME|URL',
});

const target = {
  target: formerly('CHAINCTL_LOAD_TARGET', targetFlag),
  'token-file': tokenFileFlag,
  ...requestFlags,
  'ca-file': caFileFlag,
  preflight: Flags.boolean({
    description: 'check health and time single requests, before the first point and between points',
    default: true,
    allowNo: true,
  }),
};

/** Of a point, where neither a duration nor a number of requests is given. */
export const DEFAULT_DURATION_SECONDS = 10;

const rates = {
  rps: Flags.string({
    description:
      `requests per second of each point: 1,10,50 or 1,10,...,1000 or 100..1000:100 [default: ${DEFAULT_RATES[0]} to ` +
      `${DEFAULT_RATES.at(-1)} in ${DEFAULT_RATES.length} points for the chain; for another server four rates of at most 50, by how long one answer takes]`,
    env: 'CHAINCTL_LOAD_RPS',
    helpValue: 'LIST',
  }),
  concurrency: Flags.string({
    description: 'closed loop: so many requests always open at each point, in place of --rps: 1,2,4,...,64',
    helpValue: 'LIST',
  }),
  requests: integerFlag({
    description: 'requests after which a point ends; with --duration, whichever comes first',
    min: 1,
  }),
  duration: durationFlag({
    description: 'length of each point',
    default: DEFAULT_DURATION_SECONDS,
    min: 0.1,
    env: 'CHAINCTL_LOAD_DURATION',
  }),
  warmup: durationFlag({ description: 'time at the same rate before each point, left out of the figures', default: 2 }),
  drain: durationFlag({ description: 'longest wait for open requests after each point', default: 120 }),
  gate: durationFlag({
    description: 'longest wait between points for the target to recover [default: 30s, or three answers]',
  }),
  ...arrivalFlags,
  'find-knee': Flags.boolean({
    description:
      'search the knee between the lowest and the highest rate, or with --slo or --goodput the highest rate at which they hold',
  }),
  'until-certain': Flags.string({
    description:
      'percentile that a point has to know before it ends: its upper bound (99 %) at most 10 % above it, or as p99:5% says',
    helpValue: 'p99',
  }),
  'max-duration': durationFlag({
    description: 'longest point of --find-knee and --until-certain, where --duration leaves it open [default: 10m]',
    min: 0.1,
  }),
  'stop-above-knee': Flags.boolean({ description: 'skip the points above the first that was not sustained' }),
};

const requests = {
  timeout: durationFlag({ description: 'longest time of a request, including the connect', default: 180, min: 0.001 }),
  'max-in-flight': integerFlag({
    description: 'most open requests; further ones are dropped [default: what this machine allows]',
    min: 1,
  }),
  ...bodyFlags,
  'prompt-file': Flags.string({
    description: 'prompt, for A and B of 1000 characters or more; made unique per request',
    helpValue: 'FILE',
  }),
  ...workloadFlags,
  turns: integerFlag({
    description: 'requests of a session, each with the answers to those before; --rps is then of sessions',
    default: 1,
    min: 1,
    max: 1000,
  }),
  'think-time': thinkTimeFlag({
    description: 'time from an answer to the next request of its session; drawn: 1s-5s, lognormal:2s,0.8',
  }),
  seed: integerFlag({ description: 'seed of the prompts, to repeat them [default: random]', min: 0, max: 0xffff_ffff }),
  stream: Flags.boolean({ description: 'ask for streamed answers and measure their tokens' }),
  'requests-per-connection': integerFlag({
    description:
      'requests before a connection is replaced; use 1 behind a load balancer that balances connections [default: unlimited]',
    min: 1,
  }),
  'connection-age': durationFlag({ description: 'age at which a connection is replaced [default: unlimited]' }),
};

const results = {
  tag: Flags.string({
    description: 'first word of the result files [default: the place that the target is deployed on]',
    env: 'RUN_TAG',
  }),
  results: resultsFlag('folder of the result files', ['out']),
  resume: Flags.string({
    description: 'run whose missing points are measured, with its own settings',
    helpValue: 'RUN',
  }),
  slo: Flags.string({
    description: 'threshold that every point has to meet',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'p95<2s',
  }),
  goodput: Flags.string({
    description: 'what a request has to meet to be good: ttft, ttft-sent, tpot, itl (largest gap) or e2e',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'ttft<500ms',
  }),
  'abort-on': Flags.string({
    description: 'condition that ends point and sweep',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'error-rate=50%',
  }),
};

/** The flags of `chainctl load`, under headings. */
export const loadFlags = {
  ...grouped('TARGET', target),
  ...grouped('RATE', rates),
  ...grouped('REQUEST', requests),
  ...grouped('RESULT', results),
  ...(grouped('RESULT', outputFlags) as object),
};

export type LoadFlags = Interfaces.InferredFlags<typeof loadFlags>;
