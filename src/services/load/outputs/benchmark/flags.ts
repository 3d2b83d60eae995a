import { Flags } from '@oclif/core';

/** The flags of a single point's files. */
export const benchmarkFlags = {
  'out-json': Flags.string({
    description: 'file of the only point: its figures and its requests',
    helpValue: 'FILE',
  }),
  'out-csv': Flags.string({ description: 'file of the requests of the only point', helpValue: 'FILE' }),
};
