import { Flags } from '@oclif/core';
import { type Lengths, parseLengths } from '../services/load/workload/lengths.ts';
import { parseThinkTime, type ThinkTime } from '../services/load/workload/think-time.ts';
import { integerFlag, numberFlag } from './flags.ts';

/** When requests come. */
export const arrivalFlags = {
  arrivals: Flags.option({ options: ['constant', 'poisson', 'gamma'] as const, default: 'constant' as const })({
    description: 'spacing of requests: constant, Poisson (independent users), or gamma (bursts, see --burstiness)',
  }),
  burstiness: numberFlag({
    description: 'shape of gamma arrivals: 1 is Poisson, less comes in bursts, more comes evenly',
    min: 0.01,
    max: 1000,
  }),
  stages: Flags.string({
    description:
      'one point whose rate changes, in place of --rps: 10-100 is a ramp over --duration, 10,50,100 are steps; 30s:10-100,1m:100 with their own lengths',
    helpValue: 'LIST',
  }),
  trace: Flags.string({
    description:
      'replay the requests of a file, in place of --rps, when they came and as long as they were: JSON lines with timestamp and input_length or prompt, CSV of Azure, a run, chainctl logs --requests; --duration takes its beginning',
    helpValue: 'FILE',
  }),
  'trace-speed': numberFlag({
    description: 'how many times as fast a trace is replayed [default: 1]',
    min: 0.001,
    max: 1e6,
  }),
};

const lengthsFlag = Flags.custom<Lengths>({
  helpValue: 'LENGTHS',
  parse: async (text, _context, flag) => parseLengths(text, flag.name),
});

export const thinkTimeFlag = Flags.custom<ThinkTime>({ helpValue: '2s', parse: async (text) => parseThinkTime(text) });

/** What requests ask. */
export const workloadFlags = {
  'input-tokens': lengthsFlag({
    description:
      'length of synthetic prompts: 128, 64-256, normal:MEAN,DEVIATION[,MIN-MAX], lognormal:MEDIAN,SIGMA[,MIN-MAX]',
  }),
  'max-tokens': lengthsFlag({
    description: 'most tokens of an answer, like --input-tokens; or dataset: as long as the answers in the data set',
    helpValue: 'LENGTHS',
  }),
  dataset: Flags.string({
    description: 'prompts or conversations, JSON lines or an array: prompt, messages, ShareGPT and others; also .gz',
    // A run that goes on may have several, of its mix.
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'FILE',
  }),
  'dataset-order': Flags.option({ options: ['shuffle', 'file'] as const, default: 'shuffle' as const })({
    description: 'order of the entries; after the last one comes the first again',
  }),
  prompts: Flags.option({ options: ['unique', 'same'] as const, default: 'unique' as const })({
    description: 'unique: each prompt begins with a mark of its own, so that none is in a cache; same: without marks',
  }),
  'shared-prefix': integerFlag({
    description: 'length of the beginning that all prompts share, tokens, approximate',
    default: 0,
    min: 0,
    max: 10_000,
  }),
  mix: Flags.string({
    description:
      'a class of requests and its weight, for example chat=3,input-tokens=64-256,max-tokens=128; or a YAML file of classes',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'NAME=WEIGHT',
  }),
};
