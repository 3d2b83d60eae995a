import { Flags } from '@oclif/core';
import { type GivenSetting, parseSetting } from '../services/workloads/given-setting.ts';

/** Which variables there are, and what they may be, the services' own programs say: see `settledSettings`. */
export const setFlag = Flags.custom<GivenSetting>({
  description:
    'variable of a service: a.HISTORY=off, for each that reads it MODELS=m1,m2, a secret HISTORY_URL=@FILE; repeatable',
  helpValue: '[a.]NAME=VALUE',
  multiple: true,
  multipleNonGreedy: true,
  env: 'CHAINCTL_SET',
  parse: async (text) => parseSetting(text),
});
