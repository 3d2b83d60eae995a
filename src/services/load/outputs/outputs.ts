import type { FlagSet, FlagValues } from '../../workloads/service-definition.ts';
import { benchmark } from './benchmark/benchmark.ts';
import { csv } from './csv.ts';
import { otlp } from './otlp/otlp.ts';
import type { Output, OutputDeps, OutputKind } from './output.ts';

/** Where the figures of a load can go. A new one is a file and a line here. */
const OUTPUTS: readonly OutputKind[] = [csv, benchmark, otlp];

/** Their flags together. */
export const outputFlags: FlagSet = Object.assign({}, ...OUTPUTS.map(({ flags }) => flags));

/** Those that the flags ask for. */
export async function openOutputs(flags: FlagValues, deps: OutputDeps): Promise<Output[]> {
  const opened = await Promise.all(OUTPUTS.map((kind) => kind.open(flags, deps)));
  return opened.filter((output) => output !== undefined);
}
