import { outFileFlag } from '../../../../config/flags.ts';
import { defined } from '../../../defined.ts';
import type { OutputKind } from '../output.ts';
import { BenchmarkOutput } from './benchmark-output.ts';

/** A single point as other benchmarks write theirs. */
export const benchmark: OutputKind = {
  flags: {
    'out-json': outFileFlag('file of the only point: its figures and its requests'),
    'out-csv': outFileFlag('file of the requests of the only point'),
  },
  async open({ 'out-json': json, 'out-csv': csv }) {
    const files = { json: pathOf(json), csv: pathOf(csv) };
    return files.json === undefined && files.csv === undefined ? undefined : new BenchmarkOutput(defined(files));
  },
};

function pathOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
