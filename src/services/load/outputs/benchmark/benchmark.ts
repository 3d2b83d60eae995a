import { defined } from '../../../defined.ts';
import type { OutputKind } from '../output.ts';
import { BenchmarkOutput } from './benchmark-output.ts';
import { benchmarkFlags } from './flags.ts';

/** A single point as other benchmarks write theirs. */
export const benchmark: OutputKind = {
  flags: benchmarkFlags,
  async open({ 'out-json': json, 'out-csv': csv }) {
    const files = { json: pathOf(json), csv: pathOf(csv) };
    return files.json === undefined && files.csv === undefined ? undefined : new BenchmarkOutput(defined(files));
  },
};

function pathOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
