import type { RecordedRun, RunManifest } from '../load/record/read-run.ts';

/** What a report is made of: a recorded run without its single requests. Nothing of the machine that reads it. */
export type ReportedRun = Pick<RecordedRun, 'manifest' | 'report' | 'series'>;

/** Facts of the manifest that a reader wants beside the figures, in this order. */
export function factsOf(manifest: RunManifest): (readonly [name: string, text: string])[] {
  const { startedAt, endedAt, version, node, platform, machine, commandLine } = manifest;
  const { cpus, cpuModel, memoryBytes } = machine ?? {};
  const hardware = [
    ...(typeof cpus === 'number' ? [`${cpus} cores`] : []),
    ...(typeof cpuModel === 'string' ? [cpuModel] : []),
    ...(typeof memoryBytes === 'number' ? [`${(memoryBytes / 2 ** 30).toFixed(1)} GiB`] : []),
  ];
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['started', timeOf(startedAt)],
    ['ended', endedAt === undefined ? 'not recorded: the process was killed, or runs still' : timeOf(endedAt)],
    ['command', commandLine === undefined ? undefined : ['chainctl', ...commandLine].join(' ')],
    ['chainctl', version],
    ['Node', node],
    ['load machine', [platform, ...hardware].filter((part) => part !== undefined).join(', ')],
  ];
  return facts.flatMap(([name, text]) => (text === undefined || text === '' ? [] : [[name, text]]));
}

function timeOf(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
}
