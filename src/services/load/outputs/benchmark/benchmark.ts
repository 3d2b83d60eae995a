import { defined } from '../../../defined.ts';
import type { OutputKind } from '../output.ts';
import { BenchmarkOutput } from './benchmark-output.ts';
import { benchmarkFlags } from './flags.ts';

/** A single point as other benchmarks write theirs. */
export const benchmark: OutputKind = {
  flags: benchmarkFlags,
  async open({ 'out-json': json, 'out-csv': csv }) {
    if (typeof json !== 'string' && typeof csv !== 'string') return undefined;
    return new BenchmarkOutput(
      defined({ json: typeof json === 'string' ? json : undefined, csv: typeof csv === 'string' ? csv : undefined }),
    );
  },
};
