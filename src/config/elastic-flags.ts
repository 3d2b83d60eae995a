import { Flags, type Interfaces } from '@oclif/core';
import { remedy } from '../errors.ts';
import type { ElasticLoad } from '../services/load/run-load.ts';
import { capacityFlag, durationFlag, grouped, integerFlag, isTyped, numberFlag } from './flags.ts';

const rpsFlag = (options: { readonly description: string; readonly default: number }) =>
  numberFlag({ ...options, min: 0.01, max: 100_000 });

/** What `chainctl load --elastic` takes beside the flags of every load. */
export const elasticFlags = grouped('ELASTIC', {
  elastic: Flags.boolean({ description: "make B's group grow to its maximum and shrink again, and watch it" }),
  'elastic-min-rps': rpsFlag({ description: 'lowest rate, before and after, requests per second', default: 1 }),
  'elastic-max-rps': rpsFlag({ description: 'highest rate, requests per second', default: 50 }),
  'elastic-factor': numberFlag({
    description: 'factor by which each step raises the rate',
    default: 2,
    min: 1.01,
    max: 100,
  }),
  'elastic-step': durationFlag({ description: 'length of a step', default: 30, min: 0.5, helpValue: '30s' }),
  'elastic-hold': durationFlag({
    description: 'time at the lowest rate, and at the highest once the group has grown',
    default: 60,
    helpValue: '1m',
  }),
  'elastic-grow': durationFlag({ description: 'longest time of the steps up', default: 900, helpValue: '15m' }),
  'elastic-scale-in': durationFlag({
    description: 'longest wait for the group to shrink',
    default: 1200,
    helpValue: '20m',
  }),
  'elastic-interval': durationFlag({
    description: 'time between two polls of the group',
    default: 5,
    min: 0.5,
    max: 60,
  }),
  'elastic-size': integerFlag({
    description: "size to reach, instances [default: the autoscaler's maximum]",
    min: 1,
    max: 10_000,
  }),
  'capacity-per-instance': capacityFlag,
});

export type ElasticFlags = Interfaces.InferredFlags<typeof elasticFlags>;

/** Rates, their search, and what goes between points that stand for themselves: the profile decides these. */
const NOT_ELASTIC = ['rps', 'duration', 'warmup', 'gate', 'find-knee', 'stop-above-knee', 'resume'];

/**
 * @param others names of flags that only an elastic load has use for
 * @returns the load without its group; undefined where the flags ask for an ordinary sweep
 * @throws RemedyError (exit 2) for flags that make no sense together, naming them
 */
export function elasticLoad(
  flags: ElasticFlags,
  argv: readonly string[],
  others: readonly string[] = [],
): Omit<ElasticLoad, 'open'> | undefined {
  const typed = (names: readonly string[]) => names.find((name) => isTyped(argv, name));
  if (!flags.elastic) {
    const stray = typed([...Object.keys(elasticFlags).filter((name) => name !== 'elastic'), ...others]);
    if (stray === undefined) return undefined;
    // What most tools call --url is the target here.
    const instead = stray === 'url' ? 'name the server to load with --target' : `leave --${stray} out`;
    throw usage(`--${stray} needs --elastic`, `${instead}, or add --elastic`);
  }
  const other = typed(NOT_ELASTIC);
  if (other !== undefined) {
    const instead = other === 'duration' ? ': --elastic-step is the length of a step' : '';
    throw usage(`--elastic decides what --${other} asks for${instead}`, `leave --${other} or --elastic out`);
  }
  const {
    'elastic-min-rps': lowRps,
    'elastic-max-rps': maxRps,
    'elastic-size': size,
    'capacity-per-instance': capacityPerInstance,
  } = flags;
  if (maxRps <= lowRps) {
    throw usage(
      `--elastic-max-rps ${maxRps} is not above --elastic-min-rps ${lowRps}, so that nothing could make the group grow`,
      'give a higher --elastic-max-rps: what one instance cannot do, and the maximum of them can',
    );
  }
  const settings = {
    lowRps,
    maxRps,
    factor: flags['elastic-factor'],
    holdSeconds: flags['elastic-hold'],
    growSeconds: flags['elastic-grow'],
    scaleInSeconds: flags['elastic-scale-in'],
    ...(size === undefined ? {} : { size }),
  };
  const capacity = capacityPerInstance === undefined ? {} : { capacityPerInstance };
  return { settings, watch: { intervalSeconds: flags['elastic-interval'], ...capacity } };
}

const usage = (message: string, next: string) => remedy.usage('usage', message, [next]);
