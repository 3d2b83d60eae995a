import { Flags } from '@oclif/core';
import { defined } from '../../../defined.ts';
import type { OutputKind } from '../output.ts';
import { BenchmarkOutput } from './benchmark-output.ts';

/** A single point as other benchmarks write theirs. */
export const benchmark: OutputKind = {
  flags: {
    'out-json': Flags.string({
      description: 'file of the only point: its figures and its requests',
      helpValue: 'FILE',
    }),
    'out-csv': Flags.string({ description: 'file of the requests of the only point', helpValue: 'FILE' }),
  },
  async open({ 'out-json': json, 'out-csv': csv }) {
    if (typeof json !== 'string' && typeof csv !== 'string') return undefined;
    return new BenchmarkOutput(
      defined({ json: typeof json === 'string' ? json : undefined, csv: typeof csv === 'string' ? csv : undefined }),
    );
  },
};
